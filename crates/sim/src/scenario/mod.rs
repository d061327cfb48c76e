//! Text scenarios: one file per feature or bug, read aloud it is the specification.
//!
//! | Line | Meaning |
//! |---|---|
//! | `# rows: R256 R257` | the rows of the specification that it shows; other `#` lines are words |
//! | `phone taro 2001 [by TCP]` | a phone of that extension; two of one number belong to one user |
//! | `phone goro 2005 afar yes` | a phone at the second site |
//! | `link jiro delay 300ms` | everything to and from the phone takes that long |
//! | `relay on`, `session 90s`, `ring time 10s` | settings, before the first act |
//! | `hunt 2100 evenly 2002 2003`, `2002 forwards all to 2003`, … | call services, see `setup` |
//! | `now 2002 forwards all no more` | the same by an administrator, from then on |
//! | `the administrator ends every call` | by portal or API |
//! | `the node ends every call` | before it stops |
//! | `taro dials 2002 [without offer] [reliably]` | a call |
//! | `jiro rings [with audio]`, `answers`, `rejects`, `is busy`, `fails` | what who is called does |
//! | `gw refuses as MobileServiceRefused` | any other reason |
//! | `taro hangs up [the first call]`, `holds`, `resumes`, `offers` | what either does |
//! | `taro presses #72003`, `presses 5 for 3s` | by INFO; one long digit by the media path |
//! | `taro transfers to 2003`, `taro connects` | blind; attended, of his two calls |
//! | `gw calls as 0312345678` | who calls outside, from then on |
//! | `taro unregisters` | its registration goes |
//! | `nothing is heard of taro` | its audio has been silent for half a minute |
//! | `taro watches 2002`, `taro watches the box of 2002` | a key with a lamp |
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
//! | `expect taro sees no INVITE for 5s`, `expect taro saw 1 180` | the wire, from now and so far |
//! | `expect last INVITE to gw has Privacy: id`, `lacks …` | a part of it |
//! | `expect at most 50 INVITE in 10ms` | of the node, all along |
//! | `expect taro talks to jiro`, `hears music`, `hears sound 1`, `is free` | audio and calls |
//! | `expect jiro is called by 2001` | who calls, as the phone shows |
//! | `expect taro lamp 2002 is dark`, `is refused 404`, `shows 4 calls` | lamps |
//! | `expect taro lamp 2002 shows recipient early of 2001` | a call, to whom may see it |
//! | `expect taro hears words`, `hears nothing` | what the exchange says; silence |
//! | `expect record 2001 -> 2002 unanswered cause 16` | history; Q.850 value |
//! | `expect record 2001 -> *55 unanswered reason 063` | the same by our own reason |
//! | `expect record 2001 -> 2999 unanswered because UnallocatedNumber` | its name (section 3) |
//! | `expect record … answered callee 2003`, `transferrer`, `ended-by`, `name` | who |
//! | `expect record … answered service Pickup`, `step forward.all 2002` | what shaped it, and why |
//! | `expect 2 records` | all of it |
//! | `expect box 2003 holds 1` | messages that are kept |
//! | `expect explanation of 2001 to 2002 when 2002 busy tells forward.busy` | R318 |
//! | `expect drained` | nothing remains, and no checker found anything |

mod expect;
mod play;
mod read;
mod setup;
mod setup_own;

pub use play::{play, play_on};
pub use read::{Asked, Heard, Line, Message, Named, Said, Scenario, Shown, Step, Verb, What, read};
pub use setup::{Setup, changes};
