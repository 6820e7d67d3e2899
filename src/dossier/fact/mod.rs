//! Facts: one small reader for each kind of value that stands in a letter or a decree. Each takes text or a sheet and
//! returns what it found; none knows the account register, the mail or the checklist.

pub mod capacity;
pub mod column;
pub mod date;
pub mod duration;
pub mod name;
pub mod nip;
pub mod number;
pub mod order;
pub mod other_wish;
pub mod period;
pub mod place;
pub mod release;
pub mod role;
pub mod scope;
pub mod service;
pub mod signature;
pub mod user_id;
pub mod wish;
