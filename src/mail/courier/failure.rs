//! What a failure means, by the stage at which it came: for the connection, for this letter, and for every letter.

use crate::engine::port::Fault;

/// How far a letter got before it failed.
pub(super) enum Failure {
    /// There is no connection, or it was lost before the server had read a word of this letter.
    Unheard(Fault),
    /// The server takes nothing from our address, whatever the letter; the connection is good for another try.
    Unwelcome(Fault),
    /// The server said so; the connection is good for another letter.
    Said(Fault),
    /// No answer, or none in time: what comes now would be taken for the answer to a later command.
    OutOfStep(Fault),
}

/// Why a command was not obeyed.
pub(super) enum Stop {
    /// With its code.
    Answer(Fault, u16),
    Lost(Fault),
}

/// Whether a refusal blames the login and not the letter (RFC 4954 §6).
pub(super) fn is_of_the_login(code: u16) -> bool {
    matches!(code, 530 | 534 | 535 | 538)
}

impl Stop {
    /// To MAIL, which names our own address: what is refused there is refused to every letter, and is the operator's to
    /// repair, but for its size and for words of the command that a server does not know (RFC 5321 §4.3.2).
    pub(super) fn at_the_door(self) -> Failure {
        match self {
            Self::Answer(fault, 552 | 555) => Failure::Said(fault),
            // A session that lasts no longer than its token: another connection logs in anew.
            Self::Answer(fault, code) if is_of_the_login(code) => Failure::Unheard(fault),
            Self::Answer(fault, _) => Failure::Unwelcome(Fault::transient(fault.message)),
            Self::Lost(fault) => Failure::Unheard(fault),
        }
    }

    pub(super) fn said(self) -> Failure {
        match self {
            Self::Answer(fault, _) => Failure::Said(fault),
            Self::Lost(fault) => Failure::OutOfStep(fault),
        }
    }
}
