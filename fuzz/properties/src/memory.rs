//! How much memory may be asked for.

use allocation_counter::measure;

/// Does something that may ask for so many bytes altogether, whether it gives them back or not. As
/// memory is asked for in a time that grows with it, this also sees what takes longer than it should.
pub(crate) fn within<T>(bytes: usize, run: impl FnOnce() -> T) -> T {
    let mut result = None;
    let info = measure(|| result = Some(run()));
    assert!(info.bytes_total <= bytes as u64, "{} bytes of memory, not {bytes}", info.bytes_total);
    result.expect("measured once")
}
