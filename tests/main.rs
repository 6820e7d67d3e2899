//! What Loket promises, one file per promise. `kit` starts the real servers the promises are held against.

mod archive_damage;
mod archive_fixture;
mod archive_keep;
mod kit;
mod store_backup;
mod store_canary;
mod store_commit;
mod store_contents;
mod store_crash;
mod store_damage;
mod store_fixture;
mod store_outbox;
mod store_torn;
