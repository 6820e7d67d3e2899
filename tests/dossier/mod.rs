//! What the dossier understands, on papers of other offices than the one in the procedure's description.

mod collation;
mod deceit;
mod decrees;
mod hostile;
mod inspect;
mod layouts;
mod letters;
mod mails;
mod noise;
mod rounds;
mod scans;
pub mod set;
