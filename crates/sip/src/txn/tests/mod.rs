//! Two layers over a virtual link with a virtual clock. What is proven:
//!
//! | Claim | Test |
//! |---|---|
//! | 1 | timers A, B, E, F, G, H run by the intervals of RFC 3261 |
//! | 2 | nothing is repeated on streams, and nothing lingers there (SIP-D14, SIP-D20) |
//! | 3 | 100 comes by itself after 200 ms, for other requests after 3.5 s (SIP-D16) |
//! | 4 | a repeated request gets the last response (SIP-D18) |
//! | 5 | a late copy of an answered INVITE is no new call (SIP-D19) |
//! | 6 | ringing for ten minutes works with refreshing 1xx (SIP-D21); without them timer C ends it |
//! | 7 | the ACK to a refusal carries branch and Route set (SIP-D22) |
//! | 8 | everything is repeated by timers alone (SIP-D23) |
//! | 9 | CANCEL waits for a provisional response; a crossing 2xx still comes up |
//! | 10 | merged requests are found, RFC 2543 clients are matched |
//! | 11 | over a bad link every exchange ends and nothing is left (SIP-D15) |
//! | 12 | a finished REGISTER keeps little more than its response |

mod bad_link;
mod bench;
mod cancel;
mod invite;
mod matching;
mod other;

use bench::Pair;
