//! The web desk: the pages people see, their addresses, and the locks in front of them. It asks the engine through
//! [`counter::Counter`] alone and decides nothing itself. How pages look and speak stands in `DESK.md` beside this file.
//!
//! A request's walk: [`serve`] takes the connection → `gate` checks host and origin → `routes` reads the form and asks
//! the counter → [`pages`] arranges the [`view`] for a template → every `{{ … }}` goes through [`plain`].

pub mod answer;
mod asked;
pub mod certificate;
pub mod client;
pub mod counter;
mod difference;
mod drawn;
pub mod figures;
mod gate;
mod handed;
mod oops;
pub mod pages;
pub mod plain;
pub mod rate;
mod routes;
pub mod say;
pub mod serve;
pub mod session;
pub mod site;
pub mod view;
mod watch;
pub mod words;

pub use asked::Peer;
pub use gate::CONTENT_POLICY;
pub use routes::router;
