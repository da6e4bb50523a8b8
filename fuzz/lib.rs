//! What the fuzz targets in `tests/` share: good input, spoiled. Bytes out of the air hardly ever
//! get past a reader's first check; a good file with some bytes changed gets everywhere.

/// What is done to the good input, one thing after the other.
pub type Spoiling = Vec<(u8, u16, u8)>;

/// Bytes beyond which nothing is doubled: time goes into many inputs, not into large ones.
const LARGE: usize = 64 * 1024;

/// The input after some bytes were changed, put in, taken out, doubled or cut off.
pub fn spoil(good: &[u8], spoiling: &Spoiling) -> Vec<u8> {
    let mut bytes = good.to_vec();
    for &(what, place, byte) in spoiling {
        let at = usize::from(place) % (bytes.len() + 1);
        match what % 8 {
            0 => bytes.insert(at, byte),
            1 if at < bytes.len() => drop(bytes.remove(at)),
            2 => bytes.truncate(at),
            3 if bytes.len() < LARGE => bytes.extend_from_within(at..),
            _ if at < bytes.len() => bytes[at] = byte,
            _ => {}
        }
    }
    bytes
}

/// How long each target runs: `MODREGN_FUZZ_SECONDS`, 5 where nothing is said.
pub fn test_time() -> std::time::Duration {
    let seconds = std::env::var("MODREGN_FUZZ_SECONDS").ok().and_then(|s| s.parse().ok());
    std::time::Duration::from_secs(seconds.unwrap_or(5))
}
