//! Real servers on loopback, in temporary folders, ended by process id. Each starts on free ports with a configuration
//! of its own, so that tests run side by side and beside whatever the machine runs already.

#![allow(dead_code, unused_imports, reason = "every test file uses another part of the kit, and so does the bench")]

pub mod admin;
pub mod authenticator;
pub mod axe;
pub mod browser;
pub mod certificates;
pub mod clamd;
pub mod daemon;
pub mod dovecot;
pub mod gremlin;
pub mod impostor;
pub mod letter;
pub mod names;
pub mod office;
pub mod offspring;
pub mod parrot;
pub mod pictures;
pub mod postfix;
pub mod samples;
pub mod served;
pub mod signer;
pub mod sink;
pub mod site;
pub mod small_disk;
pub mod tls_front;
pub mod tokens;
pub mod visitor;
pub mod wait;

pub use admin::Admin;
pub use browser::Browser;
pub use daemon::Daemon;
pub use dovecot::Dovecot;
pub use letter::Letter;
pub use office::Office;
pub use postfix::Postfix;
pub use served::Served;
pub use sink::SmtpSink;
pub use site::Site;
pub use small_disk::SmallDisk;
pub use visitor::Visitor;
pub use wait::wait_for;
