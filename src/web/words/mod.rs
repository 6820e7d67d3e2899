//! Every sentence of the desk, Indonesian and English side by side, one catalogue per page group. Templates hold
//! structure alone. `{0}` marks a place for [`super::say::fill`]. Letters are not here; they have a room of their own.

mod applicant;
pub mod archive;
mod case;
mod decision;
mod entrance;
mod findings;
mod frame;
mod notices;
mod queue;
pub mod report;

pub use applicant::ApplicantWords;
pub use archive::ArchiveWords;
pub use case::CaseWords;
pub use decision::DecisionWords;
pub use entrance::EntranceWords;
pub use findings::{FindingWords, alert, item, pair_labels};
pub use frame::{FrameWords, step_name};
pub use notices::{NoticeWords, why};
pub use queue::QueueWords;
pub use report::ReportWords;

/// Declares a catalogue: `key: "Indonesian" | "English"`.
macro_rules! catalogue {
    ($(#[$meta:meta])* $name:ident { $($key:ident: $id:literal | $en:literal),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug)]
        pub struct $name { $(pub $key: &'static str),* }

        impl $name {
            const ID: Self = Self { $($key: $id),* };
            const EN: Self = Self { $($key: $en),* };

            /// The catalogue in one language.
            pub fn of(lang: crate::sop::names::Language) -> &'static Self {
                match lang {
                    crate::sop::names::Language::Id => &Self::ID,
                    crate::sop::names::Language::En => &Self::EN,
                }
            }
        }
    };
}

use catalogue;
