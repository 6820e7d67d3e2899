//! What the dossier understands, on papers of other offices than the one in the procedure's description.

mod appointed;
mod collation;
mod deceit;
mod decrees;
mod electronic;
mod hostile;
mod inspect;
mod layouts;
mod letters;
mod lookalikes;
mod mails;
mod noise;
mod reuse;
mod rounds;
mod scans;
mod services;
pub mod set;
