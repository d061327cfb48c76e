//! Files of the media plane's data folder, named by small numbers.

/// A file that the plane plays or records; its path is the plane's own business.
///
/// Numbers are chosen by whoever asks, and never used again for another sound: a greeting or a
/// music that is replaced gets a new number, so that calls that hear the old one keep it (R319).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileId {
    /// A message in a voicemail box.
    Message(u64),
    /// A greeting that somebody has spoken.
    Greeting(u64),
    /// An own music or announcement that was imported.
    Sound(u64),
}

/// One recording of what a leg says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// Where to. A file that is complete already is not written over: `RecordFailed`.
    pub file: FileId,
    /// Longest recording in seconds; 10–600 (R262), others are brought into that range.
    pub max_s: u16,
    /// Told back in `Recorded` and `RecordFailed`; a change of it alone begins a new recording.
    pub serial: u32,
}

impl Record {
    /// Recordings that are shorter, in milliseconds, are not kept (R262).
    pub const MIN_MS: u32 = 2_000;
}

/// Why a recording came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordEnd {
    /// The leg has another condition, or is gone.
    Stopped,
    /// `Record::max_s` is over. The leg stays as it is and is recorded no more.
    Limit,
}

/// Why nothing was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordFailure {
    /// The plane has no data folder, or it cannot be written.
    Storage,
    /// The disk is full, or nearly.
    DiskFull,
    /// The file is there already, and complete.
    Exists,
    /// The leg sends nothing that the plane can record (G.711).
    Codec,
}
