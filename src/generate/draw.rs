//! Drawing lots. ChaCha8 gives the same numbers everywhere; turning them into ranges is done here
//! because `rand` does not promise to do it the same way in its next version.

use crate::domain::Kommunekode;
use chrono::{Datelike, NaiveDate};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Beyond every municipality's code.
const UDBETALING: u16 = 10_000;
/// Beyond those of payout reports.
const REGISTRERINGER: u16 = 20_000;

/// A source of lots. Each purpose, and for files each municipality and day, has its own: one does
/// not shift the other, whichever others there are.
#[derive(Debug)]
pub(super) struct Draw(ChaCha8Rng);

impl Draw {
    /// For the agreements.
    pub(super) fn of_aftaler(seed: u64) -> Self {
        Self::new(seed, 0, 0)
    }

    /// For the request of one municipality for one payout day.
    pub(super) fn of_forespoergsel(seed: u64, kommunekode: Kommunekode, day: NaiveDate) -> Self {
        Self::new(seed, kommunekode.number(), day.num_days_from_ce())
    }

    /// For the payout report of one municipality for one payout day.
    pub(super) fn of_udbetaling(seed: u64, kommunekode: Kommunekode, day: NaiveDate) -> Self {
        Self::new(seed, UDBETALING + kommunekode.number(), day.num_days_from_ce())
    }

    /// For the debitorregistreringer.
    pub(super) fn of_registreringer(seed: u64) -> Self {
        Self::new(seed, REGISTRERINGER, 0)
    }

    fn new(seed: u64, number: u16, day: i32) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(u64::from(number) << 32 | u64::from(day.unsigned_abs()));
        Self(rng)
    }

    /// 0 to `end`, `end` not included.
    pub(super) fn below(&mut self, end: u32) -> u32 {
        // The high half of the product is uniform, but for less than end ÷ 2³² of bias.
        let product = u64::from(self.0.next_u32()) * u64::from(end);
        (product >> 32) as u32
    }

    /// `first` to `last`, both included.
    pub(super) fn between(&mut self, first: u32, last: u32) -> u32 {
        first + self.below(last - first + 1)
    }

    /// True in `percent` of 100 cases.
    pub(super) fn percent(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    /// One of these.
    pub(super) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(u32::try_from(of.len()).unwrap_or(u32::MAX)) as usize]
    }

    /// Sixteen bytes, for a UUID.
    pub(super) fn bytes(&mut self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.0.fill_bytes(&mut bytes);
        bytes
    }
}
