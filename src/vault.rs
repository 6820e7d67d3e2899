//! All cryptography in one room.

/// SHA-256 of a token; what the store keeps of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HashedToken(pub(crate) [u8; 32]);
