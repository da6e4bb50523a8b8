//! Signs of life: work that may take long says now and then that it goes on, so that whoever
//! watches can tell long work from work that hangs. A thread that nobody watches tells nobody.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

/// What a watched thread is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Nothing: it waits for something to do.
    Nothing = 0,
    /// Something, and it gives signs of life while it does.
    Work = 1,
    /// It waits for what another thread of this process holds.
    Wait = 2,
}

/// One thread's signs of life.
#[derive(Debug)]
pub struct Signs {
    /// Milliseconds from [`BEGUN`] to the last one.
    last: AtomicU64,
    doing: AtomicU8,
}

static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);

thread_local! {
    static OURS: RefCell<Option<Arc<Signs>>> = const { RefCell::new(None) };
}

impl Signs {
    fn new() -> Self {
        let signs = Self { last: AtomicU64::new(0), doing: AtomicU8::new(Doing::Work as u8) };
        signs.beat();
        signs
    }

    fn beat(&self) {
        let since = BEGUN.elapsed().as_millis();
        self.last.store(u64::try_from(since).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn swap(&self, doing: u8) -> u8 {
        self.beat();
        self.doing.swap(doing, Ordering::Relaxed)
    }

    /// How long ago the last one was.
    pub fn silent_for(&self) -> Duration {
        BEGUN.elapsed().saturating_sub(Duration::from_millis(self.last.load(Ordering::Relaxed)))
    }

    /// What the thread is at.
    pub fn doing(&self) -> Doing {
        match self.doing.load(Ordering::Relaxed) {
            0 => Doing::Nothing,
            2 => Doing::Wait,
            _ => Doing::Work,
        }
    }
}

/// For as long as this lives, the thread that made it gives its signs to whoever has
/// [`Watched::signs`].
#[derive(Debug)]
pub struct Watched(Arc<Signs>);

impl Watched {
    /// Watches the thread that calls it.
    pub fn this_thread() -> Self {
        let signs = Arc::new(Signs::new());
        OURS.with_borrow_mut(|ours| *ours = Some(Arc::clone(&signs)));
        Self(signs)
    }

    /// Its signs.
    pub fn signs(&self) -> Arc<Signs> {
        Arc::clone(&self.0)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        // A thread that ends has none any more.
        let _ = OURS.try_with(RefCell::take);
    }
}

/// Says that this thread's work goes on.
pub fn beat() {
    let _ = OURS.try_with(|ours| ours.borrow().as_deref().map(Signs::beat));
}

/// Has nothing to do until `wait` returns.
pub fn idle<T>(wait: impl FnOnce() -> T) -> T {
    meanwhile(Doing::Nothing, wait)
}

/// Waits, until `wait` returns, for what another thread of this process holds.
pub fn waiting<T>(wait: impl FnOnce() -> T) -> T {
    meanwhile(Doing::Wait, wait)
}

fn meanwhile<T>(doing: Doing, wait: impl FnOnce() -> T) -> T {
    let Some(signs) = OURS.with_borrow(Option::clone) else { return wait() };
    let before = signs.swap(doing as u8);
    let result = wait();
    signs.swap(before);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watched_thread_tells_what_it_is_at() {
        beat();
        assert_eq!(idle(|| 7), 7, "nobody watches");
        let watched = Watched::this_thread();
        let signs = watched.signs();
        assert_eq!(signs.doing(), Doing::Work);
        idle(|| {
            assert_eq!(signs.doing(), Doing::Nothing);
            waiting(|| assert_eq!(signs.doing(), Doing::Wait));
            assert_eq!(signs.doing(), Doing::Nothing);
        });
        assert_eq!(signs.doing(), Doing::Work);
        std::thread::sleep(Duration::from_millis(30));
        assert!(signs.silent_for() >= Duration::from_millis(20));
        let silent = signs.silent_for();
        std::thread::scope(|scope| scope.spawn(beat).join().unwrap());
        assert!(signs.silent_for() >= silent, "another thread's");
        beat();
        let before = signs.silent_for();
        drop(watched);
        std::thread::sleep(Duration::from_millis(30));
        beat();
        assert!(signs.silent_for() > before, "no longer watched");
    }
}
