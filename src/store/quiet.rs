//! redb panics on a file that was altered behind its back. Where that is caught and told as damage, standard error is spared the
//! panic's own words; every other thread's panics, and this one's outside, are printed as ever.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    static CAUGHT: Cell<bool> = const { Cell::new(false) };
}

static HOOK: Once = Once::new();

/// Runs `read` and gives its panic, unprinted, as an error.
pub(super) fn catch<T>(read: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
    HOOK.call_once(|| {
        let usual = take_hook();
        set_hook(Box::new(move |panic| {
            if !CAUGHT.get() {
                usual(panic);
            }
        }));
    });
    let outer = CAUGHT.replace(true);
    let read = catch_unwind(AssertUnwindSafe(read));
    CAUGHT.set(outer);
    read
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_caught_and_the_next_is_no_longer_kept_quiet() {
        let caught = catch(|| -> u8 { panic!("damaged") });

        assert!(caught.is_err_and(|panic| panic.downcast_ref::<&str>() == Some(&"damaged")));
        assert!(!CAUGHT.get());
        assert_eq!(catch(|| 7).ok(), Some(7));
    }
}
