//! Which devices are open, for whom and until when; in memory alone, so that a restart locks every device. After its
//! time a device is locked but remembered for a while: what its owner had typed waits for the next code.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};

use super::pages::Fields;
use super::view::Admin;
use crate::sop::names::Address;

/// How long a locked device is remembered.
const REMEMBERED: TimeDelta = TimeDelta::hours(1);
/// Devices kept at most; beyond it the oldest is forgotten.
const DEVICES: usize = 1_000;

/// Hands out 32 unpredictable bytes; the daemon gives the system's randomness, a test its own.
pub type Entropy = Box<dyn Fn() -> [u8; 32] + Send + Sync>;

/// A form that arrived after the device was locked.
#[derive(Debug, Clone)]
pub struct Parked {
    /// The page it belongs to.
    pub page: String,
    pub fields: Fields,
}

/// What is known of a device.
#[derive(Debug, Clone)]
pub enum Device {
    Open {
        admin: Admin,
        until: DateTime<Utc>,
    },
    /// Its time is over.
    Locked {
        admin: Admin,
        parked: bool,
    },
    Unknown,
}

struct Entry {
    admin: Admin,
    until: DateTime<Utc>,
    parked: Option<Parked>,
}

/// All devices.
pub struct Sessions {
    entries: Mutex<HashMap<String, Entry>>,
    entropy: Entropy,
    /// How long a device stays open after the code.
    open: TimeDelta,
}

impl Sessions {
    pub fn new(entropy: Entropy, open: TimeDelta) -> Self {
        Self { entries: Mutex::new(HashMap::new()), entropy, open }
    }

    /// Opens a device and returns the value of its cookie. What `before` (the device's old cookie) had parked comes
    /// along if it was the same person's.
    pub fn open(&self, admin: Admin, before: Option<&str>, now: DateTime<Utc>) -> String {
        let id = URL_SAFE_NO_PAD.encode((self.entropy)());
        let mut entries = self.entries();
        let old = before.and_then(|id| entries.remove(id));
        let parked = old.filter(|old| old.admin.address == admin.address).and_then(|old| old.parked);
        make_room(&mut entries, now);
        entries.insert(id.clone(), Entry { admin, until: now + self.open, parked });
        id
    }

    pub fn look(&self, id: &str, now: DateTime<Utc>) -> Device {
        match self.entries().get(id) {
            // A clock set back must not keep a device open for longer.
            Some(e) if now < e.until && e.until - now <= self.open => {
                Device::Open { admin: e.admin.clone(), until: e.until }
            }
            Some(e) if now < e.until + REMEMBERED => {
                Device::Locked { admin: e.admin.clone(), parked: e.parked.is_some() }
            }
            _ => Device::Unknown,
        }
    }

    /// Keeps a form for the owner of a locked device. Nothing happens where the device is not known.
    pub fn park(&self, id: &str, parked: Parked) {
        if let Some(entry) = self.entries().get_mut(id) {
            entry.parked = Some(parked);
        }
    }

    /// The page of a parked form.
    pub fn parked_page(&self, id: &str) -> Option<String> {
        self.entries().get(id)?.parked.as_ref().map(|p| p.page.clone())
    }

    /// The fields parked for `page`; they stay until a form of that page is taken.
    pub fn parked_for(&self, id: &str, page: &str) -> Option<Fields> {
        let entries = self.entries();
        let parked = entries.get(id)?.parked.as_ref()?;
        (parked.page == page).then(|| parked.fields.clone())
    }

    /// Forgets what was parked for `page`.
    pub fn unpark(&self, id: &str, page: &str) {
        if let Some(entry) = self.entries().get_mut(id)
            && entry.parked.as_ref().is_some_and(|p| p.page == page)
        {
            entry.parked = None;
        }
    }

    /// Locks a device for good.
    pub fn close(&self, id: &str) {
        self.entries().remove(id);
    }

    /// Until when this person's devices are open, the first to be locked first.
    pub fn open_until(&self, who: &Address, now: DateTime<Utc>) -> Vec<DateTime<Utc>> {
        let entries = self.entries();
        let theirs = entries.values().filter(|e| e.admin.address == *who && now < e.until);
        let mut times: Vec<_> = theirs.map(|e| e.until).collect();
        times.sort_unstable();
        times
    }

    /// Locks every device of this person for good.
    pub fn close_all(&self, who: &Address) {
        self.entries().retain(|_, e| e.admin.address != *who);
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn make_room(entries: &mut HashMap<String, Entry>, now: DateTime<Utc>) {
    if entries.len() < DEVICES {
        return;
    }
    entries.retain(|_, e| now < e.until + REMEMBERED);
    while entries.len() >= DEVICES {
        let Some(oldest) = entries.iter().min_by_key(|(_, e)| e.until).map(|(id, _)| id.clone()) else { return };
        entries.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::web::view::Role;

    fn admin(address: &str) -> Admin {
        let address = Address::parse(address).expect("the test writes a whole address");
        Admin { address, name: "Bagus".into(), role: Role::Admin, enrolment: String::new() }
    }

    fn sessions() -> Sessions {
        let next = AtomicU64::new(1);
        let entropy = Box::new(move || {
            let mut bytes = [0; 32];
            bytes[..8].copy_from_slice(&next.fetch_add(1, Ordering::Relaxed).to_be_bytes());
            bytes
        });
        Sessions::new(entropy, TimeDelta::minutes(10))
    }

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_794_000_000 + minute * 60, 0).expect("the test's minutes are in range")
    }

    fn parked(page: &str) -> Parked {
        Parked { page: page.into(), fields: Fields::kept("tolak", &[("catatan".into(), "telepon sore".into())]) }
    }

    #[test]
    fn a_device_is_open_for_ten_minutes() {
        let sessions = sessions();
        let id = sessions.open(admin("a@x.example"), None, at(0));

        assert!(matches!(sessions.look(&id, at(9)), Device::Open { .. }));
        assert!(matches!(sessions.look(&id, at(10)), Device::Locked { .. }));
        assert!(matches!(sessions.look(&id, at(71)), Device::Unknown));
        assert!(matches!(sessions.look("lain", at(0)), Device::Unknown));
    }

    #[test]
    fn a_persons_devices_are_seen_and_locked_together_and_nobody_elses() {
        let sessions = sessions();
        let (one, two) =
            (sessions.open(admin("a@x.example"), None, at(0)), sessions.open(admin("a@x.example"), None, at(4)));
        let other = sessions.open(admin("b@x.example"), None, at(4));

        assert_eq!(sessions.open_until(&admin("a@x.example").address, at(5)), [at(10), at(14)]);
        assert_eq!(sessions.open_until(&admin("a@x.example").address, at(10)), [at(14)]);
        sessions.close_all(&admin("a@x.example").address);

        assert!([&one, &two].iter().all(|id| matches!(sessions.look(id, at(5)), Device::Unknown)));
        assert!(matches!(sessions.look(&other, at(5)), Device::Open { .. }));
    }

    #[test]
    fn a_clock_set_back_locks() {
        let sessions = sessions();
        let id = sessions.open(admin("a@x.example"), None, at(60));

        assert!(!matches!(sessions.look(&id, at(0)), Device::Open { .. }));
    }

    #[test]
    fn what_was_typed_comes_back_to_the_same_person_alone() {
        let sessions = sessions();
        let id = sessions.open(admin("a@x.example"), None, at(0));
        sessions.park(&id, parked("/berkas/A"));

        let again = sessions.open(admin("a@x.example"), Some(&id), at(12));
        assert_eq!(
            sessions.parked_for(&again, "/berkas/A").map(|f| f.value("tolak", "catatan").to_owned()),
            Some("telepon sore".into())
        );
        assert!(sessions.parked_for(&again, "/berkas/B").is_none());

        let other = sessions.open(admin("b@x.example"), Some(&again), at(13));
        assert!(sessions.parked_for(&other, "/berkas/A").is_none());
    }

    #[test]
    fn memory_is_bounded() {
        let sessions = sessions();
        let first = sessions.open(admin("a@x.example"), None, at(0));
        for _ in 0..DEVICES {
            sessions.open(admin("a@x.example"), None, at(1));
        }

        assert!(matches!(sessions.look(&first, at(1)), Device::Unknown));
        assert_eq!(sessions.entries().len(), DEVICES);
    }
}
