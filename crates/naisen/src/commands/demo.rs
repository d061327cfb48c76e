//! `demo`: the sample company on loopback.

use std::net::IpAddr;

use crate::args::Lang;

pub(crate) async fn run(listen: IpAddr, check: bool, lang: Lang) -> u8 {
    crate::logs::start_at("warn");
    crate::demo::run(listen, check, lang).await
}
