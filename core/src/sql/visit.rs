//! Counts the bytes that are read, so that a test can show that twice the text is twice the work.

#[cfg(test)]
thread_local! {
    static VISITED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Counts bytes that were read, in tests.
#[inline]
pub(crate) fn visit(bytes: usize) {
    #[cfg(test)]
    VISITED.with(|visited| visited.set(visited.get() + bytes));
    #[cfg(not(test))]
    let _ = bytes;
}

/// Returns the number of bytes that `work` reads.
#[cfg(test)]
pub(crate) fn visited<T>(work: impl FnOnce() -> T) -> usize {
    let before = VISITED.with(std::cell::Cell::get);
    work();
    VISITED.with(std::cell::Cell::get) - before
}
