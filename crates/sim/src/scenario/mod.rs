//! Text scenarios: one file per feature or bug, read aloud it is the specification.
//!
//! | Line | Meaning |
//! |---|---|
//! | `phone taro 2001 [by TCP]` | a phone of that extension; two of one number belong to one user |
//! | `link jiro delay 300ms` | everything to and from the phone takes that long |
//! | `relay on`, `session 90s`, `ring time 10s` | settings, before the first act |
//! | `hunt 2100 evenly 2002 2003`, `2002 forwards all to 2003`, … | call services, see `setup` |
//! | `taro dials 2002 [without offer] [reliably]` | a call |
//! | `jiro rings [with audio]`, `answers`, `rejects`, `is busy`, `fails` | what who is called does |
//! | `taro hangs up`, `holds`, `resumes`, `offers`, `presses 5` | what either does |
//! | `taro transfers to 2003`, `taro connects` | blind; attended, of his two calls |
//! | `taro reboots`, `node restarts` | losses of memory |
//! | `taro gets another port`, `taro loses its connection` | by a NAT; of a phone by TCP |
//! | `media fails`, `media works` | no leg of the media plane can be opened; it can again |
//! | `the clock jumps [back] 3600s` | the wall clock |
//! | `taro sends REFER to 2002` | a request outside of any dialog |
//! | `lose next 200 to taro`, `lose every ACK from taro` | the network |
//! | `change next ACK from taro "CSeq: " to "CSeq: 1"` | a phone with a defect; `\xNN`, `{a*30}` |
//! | `repeat last INVITE from taro` | a copy that comes late |
//! | `at +20ms …` | that long after the last line without `at` |
//! | `wait 5s` | time |
//! | `expect taro sees 487 [INVITE] [within 9s]`, `expect taro never sees BYE` | the wire |
//! | `expect taro talks to jiro`, `hears music`, `is free` | audio and calls |
//! | `expect taro hears words`, `hears nothing` | what the exchange says; silence |
//! | `expect record 2001 -> 2002 unanswered cause 16` | history; Q.850 value |
//! | `expect record 2001 -> *55 unanswered reason 063` | the same by our own reason |
//! | `expect 2 records` | all of it |
//! | `expect drained` | nothing remains, and no checker found anything |

mod play;
mod read;
mod setup;

pub use play::{play, play_on};
pub use read::{Heard, Line, Message, Said, Scenario, Step, Verb, read};
pub use setup::{Setup, changes};
