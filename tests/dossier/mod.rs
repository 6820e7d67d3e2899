//! What the dossier understands, on papers of other offices than the one in the procedure's description.

mod decrees;
mod hostile;
mod inspect;
mod layouts;
mod letters;
mod lookalikes;
mod mails;
mod reuse;
mod rounds;
pub mod set;
