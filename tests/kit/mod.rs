//! Real servers on loopback, in temporary folders, ended by process id. Each starts on free ports with a configuration
//! of its own, so that tests run side by side and beside whatever the machine runs already.

#![allow(dead_code, reason = "every test file uses another part of the kit")]

pub mod browser;
pub mod certificates;
pub mod dovecot;
pub mod impostor;
pub mod offspring;
pub mod postfix;
pub mod samples;
pub mod sink;
pub mod site;
pub mod wait;

#[allow(unused_imports, reason = "the bench clicks nothing")]
pub use browser::Browser;
pub use dovecot::Dovecot;
#[allow(unused_imports, reason = "the bench needs no second mail server")]
pub use postfix::Postfix;
pub use sink::SmtpSink;
pub use site::Site;
pub use wait::wait_for;
