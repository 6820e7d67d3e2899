//! What drives the procedure: loads a case, lets [`crate::sop`] decide, commits, and carries the effects out.
//!
//! A mail comes in through [`intake`]; every step of a case goes through [`casebook`], which commits events, snapshot,
//! outbox rows and links in one transaction; [`dispatch`] carries due rows out; [`filing`] moves closed cases to the
//! archive. Nothing is done to the world before it is written down.

pub mod access;
pub mod admins;
pub mod archive;
mod books;
pub mod casebook;
mod clock_back;
pub mod codec;
mod correspondence;
mod digest;
pub mod dispatch;
pub mod disposal;
mod documents;
pub mod drafting;
pub mod evidence;
mod execution;
pub mod filing;
pub mod fixity;
pub mod intake;
pub mod links;
mod memory;
mod notice;
pub mod office;
pub mod peril;
pub mod port;
mod reconcile;
pub mod register;
mod repeat;
mod reply;
mod returned;
pub mod secrets;
pub mod store;
pub mod stuck;
mod weave;

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use tokio::sync::Notify;

use self::archive::Archive;
use self::office::{Office, Procedures};
use self::port::{AccountDriver, Clock, Courier, Reader};
use self::store::Store;
use crate::letters::Letters;
use crate::sop::names::Address;
use crate::vault::{Keyring, Random};

/// The rooms' ports, composed. Everything it knows is in the store; it can be dropped at any moment.
pub struct Engine {
    pub office: Office,
    pub procedures: Procedures,
    pub letters: Letters,
    pub keys: Keyring,
    pub store: Arc<dyn Store>,
    pub archive: Arc<dyn Archive>,
    pub accounts: Arc<dyn AccountDriver>,
    pub courier: Arc<dyn Courier>,
    pub reader: Arc<dyn Reader>,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    /// Names of admins, so that letters are written without waiting.
    pub names: RwLock<BTreeMap<Address, String>>,
    /// Passkey challenges that browsers have not answered yet.
    pub challenges: admins::Challenges,
    /// Rung whenever the outbox may hold something due; by [`Engine::wake_dispatchers`].
    pub outbox: Notify,
}
