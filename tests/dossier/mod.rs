//! What the dossier understands, on papers of other offices than the one in the procedure's description.

mod decrees;
mod electronic;
mod hostile;
mod inspect;
mod layouts;
mod letters;
mod mails;
mod rounds;
pub mod set;
