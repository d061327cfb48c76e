//! The sample company and its built-in test phones.

use std::net::IpAddr;

use crate::args::Lang;

pub(crate) async fn run(_listen: IpAddr, _check: bool, _lang: Lang) -> u8 {
    crate::jobs::WRONG
}
