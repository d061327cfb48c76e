//! Every bound of the system with its value and its reason. `docs/limits.md` is made from here.

use crate::Micros;

/// Declares limits and the list that the document is made from.
macro_rules! limits {
    ($($(#[doc = $doc:literal])+ $name:ident: $ty:ty = $value:expr;)+) => {
        $($(#[doc = $doc])+ pub const $name: $ty = $value;)+

        /// (name, value, reason) of every limit, in the order of this file.
        pub const ALL: &[(&str, fn() -> String, &str)] = &[
            $((stringify!($name), || format!("{:?}", $name), concat!($($doc),+)),)+
        ];
    };
}

limits! {
    /// Longest SIP message in bytes; longer datagrams are dropped, streams get 513 (sip.md §3.2).
    SIP_MESSAGE_MAX: usize = 65_536;
    /// Header lines of a SIP message.
    SIP_HEADERS_MAX: usize = 128;
    /// Header lines of a SIP message from a source that has not authenticated.
    SIP_HEADERS_UNKNOWN_MAX: usize = 64;
    /// Bytes of one SIP header value.
    SIP_HEADER_VALUE_MAX: usize = 8_192;
    /// Bytes of one URI.
    SIP_URI_MAX: usize = 2_048;
    /// Via or Route entries of one message.
    SIP_VIA_MAX: usize = 70;
    /// Contacts of one REGISTER.
    SIP_CONTACTS_MAX: usize = 10;
    /// Bindings of one address of record.
    BINDINGS_MAX: usize = 10;
    /// Bytes of one SDP body.
    SDP_MAX: usize = 32_768;
    /// Dialled characters.
    DIALED_MAX: usize = 32;
    /// How long a stream may take to complete one message before it is closed.
    STREAM_MESSAGE_WAIT: Micros = Micros::seconds(10);
    /// Parts of the journal, of some 64 KiB, that may wait for the disk; above it recording stops
    /// and calls go on.
    JOURNAL_QUEUE: usize = 1_024;
    /// Open legs of one node; more are refused with `ResourceShortage`.
    LEGS_MAX: usize = 200_000;
    /// Transactions of one shard; a new one above it gets a stateless 503.
    TRANSACTIONS_MAX: usize = 500_000;
    /// Legs that ring at once for one call: 256 members with two terminals each (R276).
    RINGING_LEGS_MAX: usize = 512;
    /// INVITEs to members of departments that leave within [`INVITE_PACE`]; the rest of them wait,
    /// so that other calls do not (R276).
    INVITES_AT_ONCE: usize = 50;
    /// The time in which so many of those INVITEs may leave.
    INVITE_PACE: Micros = Micros::millis(10);
    /// Terminals of one page: 2,000 members with two terminals each (R276).
    PAGE_LEGS_MAX: usize = 4_000;
    /// Early dialogs kept of one forked INVITE.
    FORKS_MAX: usize = 12;
    /// Event subscriptions of one shard; more are refused with 503.
    SUBSCRIPTIONS_MAX: usize = 100_000;
    /// Event subscriptions of one device; of more, the oldest ends. A phone with three side panels
    /// has some 120 keys, and may restart without ending what it had.
    SUBSCRIPTIONS_PER_DEVICE: usize = 256;
    /// Bytes of addresses, Contact, routes and Call-ID that one subscription keeps.
    SUBSCRIPTION_BYTES_MAX: usize = 2_048;
    /// Longest event subscription in seconds; also what is granted when nothing is asked for.
    SUBSCRIPTION_MAX_S: u32 = 3_600;
    /// Shortest event subscription in seconds; asked less: 423.
    SUBSCRIPTION_MIN_S: u32 = 60;
    /// Least time between two NOTIFYs of changed dialogs to one watcher (sip.md §8).
    DIALOG_NOTIFY_EVERY: Micros = Micros::seconds(1);
    /// NOTIFYs that a shard sends within [`NOTIFY_PACE`], so that lamps never delay calls.
    NOTIFIES_AT_ONCE: usize = 32;
    /// The time in which so many NOTIFYs may go.
    NOTIFY_PACE: Micros = Micros::millis(10);
    /// How long a first NOTIFY waits for the state that nobody watched before.
    FIRST_STATE_WAIT: Micros = Micros::seconds(1);
    /// Dialogs that the lamp of one number shows (R310).
    LAMP_DIALOGS_MAX: usize = 4;
    /// Calls at once of one extension, ringing and held ones included (R250).
    CALLS_PER_DN: usize = 4;
    /// Forwards of one call (R066).
    FORWARDS_MAX: usize = 5;
    /// Lag from which new registrations, subscriptions and OPTIONS are refused (sip.md §12).
    OVERLOAD_LAG_SOFT: Micros = Micros::millis(50);
    /// Lag from which every REGISTER, new INVITE and MESSAGE is refused as well.
    OVERLOAD_LAG_HARD: Micros = Micros::millis(100);
    /// For so long lag must last before anything is refused for it: what came while the machine
    /// stood still is served at once (ADR 0022).
    OVERLOAD_LASTS: Micros = Micros::millis(100);
    /// A timer that is due later lies in the wheel for so long and is put back then, so that
    /// timers of what has ended are gone soon.
    TIMER_HOP: Micros = Micros::seconds(30);
    /// T1 of RFC 3261: the round-trip estimate.
    T1: Micros = Micros::millis(500);
    /// T2 of RFC 3261: longest interval between retransmissions of non-INVITE requests.
    T2: Micros = Micros::seconds(4);
    /// T4 of RFC 3261: how long a message may linger in the network.
    T4: Micros = Micros::seconds(5);
    /// Timer C of RFC 3261 §16.6: an INVITE without final answer.
    TIMER_C: Micros = Micros::seconds(185);
    /// When an INVITE that nobody answered yet gets its 100 (RFC 3261 §17.2.1).
    AUTO_100: Micros = Micros::millis(200);
    /// How long a nonce is valid (SEC-04).
    NONCE_VALID: Micros = Micros::seconds(30);
    /// Used nonces whose counters are kept; beyond it the oldest become stale (5,000 logins a
    /// second for 30 s).
    NONCES_USED_MAX: usize = 150_000;
    /// When a phone that gives no sign is taken as unreachable (R062).
    UNREACHABLE_AFTER: Micros = Micros::seconds(4);
    /// Default ring time of an extension (R202).
    RING_TIME: Micros = Micros::seconds(60);
    /// Longest time that a company may let calls stay unanswered in all (R252).
    UNANSWERED_MAX: Micros = Micros::seconds(1_800);
    /// How long media may be silent before the far end is asked (R255).
    MEDIA_SILENCE: Micros = Micros::seconds(30);
    /// Rows of one import file.
    IMPORT_ROWS_MAX: usize = 20_000;
    /// Bytes of one import file.
    IMPORT_BYTES_MAX: usize = 10 * 1_024 * 1_024;
    /// Failed logins in a row that lock an id (R050).
    LOGIN_FAILURES_MAX: u32 = 3;
    /// How long a lock lasts when unlocking is automatic (R051).
    LOGIN_LOCK: Micros = Micros::minutes(60);
    /// Wrong PINs within [`PIN_FAILURES_WITHIN`] that lock a PIN, and a terminal that they are
    /// typed at (SEC-08).
    PIN_FAILURES_MAX: u32 = 5;
    /// The time in which wrong PINs are counted together (SEC-08).
    PIN_FAILURES_WITHIN: Micros = Micros::seconds(60);
    /// Wrong PINs in a row, however slowly they come, that lock a PIN: patience finds none either.
    PIN_FAILURES_ROW: u32 = 20;
    /// How long a PIN stays locked (SEC-08).
    PIN_LOCK: Micros = Micros::minutes(15);
    /// Answers to requests with an idempotency key that are kept for a tenant; the oldest go first.
    IDEMPOTENCY_KEYS_MAX: usize = 10_000;
    /// How long an answer to a request with an idempotency key is kept.
    IDEMPOTENCY_KEPT: Micros = Micros::seconds(86_400);
    /// Wrong tokens of the API from one address within [`TOKEN_FAILURES_WITHIN`] after which it
    /// waits (SEC-08).
    TOKEN_FAILURES_MAX: u32 = 5;
    /// The time in which wrong tokens are counted together (SEC-08).
    TOKEN_FAILURES_WITHIN: Micros = Micros::seconds(60);
    /// How long an address with too many wrong tokens waits (SEC-08).
    TOKEN_LOCK: Micros = Micros::minutes(15);
    /// Commands that may wait for a shard; further ones are refused as busy.
    COMMAND_QUEUE: usize = 1_024;
    /// Messages from streams that may wait for a shard; a full queue stops reading the stream.
    STREAM_QUEUE: usize = 4_096;
    /// Media events that may wait for a shard.
    MEDIA_EVENT_QUEUE: usize = 16_384;
    /// How long a call record waits in the spool for others of its transaction.
    STORE_RECORD_WAIT: Micros = Micros::millis(500);
    /// How long bindings stay in the spool before it is synced: what a power cut may take.
    STORE_BINDING_WAIT: Micros = Micros::seconds(1);
    /// Bindings that are collected from a full spool file for one transaction.
    STORE_BINDINGS_BATCH: usize = 4_096;
    /// Size from which a spool file is replaced once the former one is carried over.
    SPOOL_ROTATE: u64 = 1 << 20;
    /// Bytes that a spool may hold while the database takes nothing; then appending is refused.
    SPOOL_MAX: u64 = 1 << 30;
    /// Passwords that are hashed at the same time (SEC-11).
    HASHING_MAX: usize = 2;
    /// Passwords that may wait to be hashed; further logins are refused as busy (SEC-11).
    HASHING_QUEUE: usize = 50;
    /// Failures inside that a shard survives within [`SHARD_FAILURES_WITHIN`], less one: at the
    /// last the process ends with an error and its supervisor starts it anew.
    SHARD_FAILURES_MAX: usize = 5;
    /// The time in which failures inside are counted together.
    SHARD_FAILURES_WITHIN: Micros = Micros::minutes(1);
    /// Connections per address that have not authenticated; of more, the one that has been quiet
    /// for longest is closed.
    CONNECTIONS_UNKNOWN_MAX: usize = 50;
    /// Connections of all addresses that have not authenticated; as above.
    CONNECTIONS_UNKNOWN_ALL: usize = 4_000;
    /// Datagrams a second that are heard of a source that nobody knows (SEC-20).
    FLOOD_RATE: u64 = 100;
    /// Datagrams at once of such a source.
    FLOOD_BURST: u64 = 200;
    /// How long a source is known after it proved who it is.
    FLOOD_KNOWN_FOR: Micros = Micros::seconds(60);
    /// Sources whose datagrams are counted, and as many that are known; the oldest goes first.
    FLOOD_SOURCES_MAX: usize = 20_000;
    /// Bytes that may wait to be sent on one stream; a slower reader is closed.
    STREAM_OUT_MAX: usize = 262_144;
    /// Own sounds of a tenant, ten minutes each at most: some 0.5 GB of disk.
    SOUNDS_MAX: usize = 100;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_says_why_it_exists() {
        for (name, value, reason) in ALL {
            assert!(reason.trim().len() > 15, "{name}");
            assert!(!value().is_empty(), "{name}");
        }
    }
}
