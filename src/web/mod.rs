//! The web desk: the pages people see, their addresses, and the locks in front of them. It asks the engine through
//! [`counter::Counter`] alone and decides nothing itself. How pages look and speak stands in `DESK.md` beside this file.

pub mod answer;
pub mod counter;
pub mod view;

mod difference;
pub mod pages;
pub mod plain;
pub mod say;
pub mod words;
