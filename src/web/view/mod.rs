//! What the pages show: plain values without an engine behind them. Text from mails is raw here; the templates escape
//! it and make control and bidi characters visible. Times are UTC; the pages show them in the office's zone.

mod archive;
mod case;
mod desk;
mod entrance;
mod report;
mod review;

pub use archive::*;
pub use case::*;
pub use desk::*;
pub use entrance::*;
pub use report::*;
pub use review::*;
