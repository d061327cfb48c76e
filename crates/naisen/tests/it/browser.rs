//! The portal in a browser: what changes in the exchange changes on the page by itself.

use crate::harness::baresip::{Account, Baresip};
use crate::harness::browser::Browser;
use crate::harness::exchange::{DOMAIN, Exchange, PASSWORD};
use crate::harness::have;

#[test]
fn pages_follow_registrations_and_calls_by_themselves() {
    if !have(&["chromium", "baresip"]) {
        return;
    }
    let mut exchange = Exchange::start("browser", "auto", 2101..2103);
    let portal = exchange.listener(&["portal"]);
    let at = |path: &str| format!("http://{portal}{path}");
    let mut page = Browser::start(&exchange.dir);
    page.open(&at("/login"));
    page.send(&[("domain", DOMAIN), ("user", "admin"), ("password", "not this one")]);
    assert_eq!(page.value("location.pathname"), "/login");
    page.send(&[("domain", DOMAIN), ("user", "admin"), ("password", PASSWORD)]);
    assert_eq!(page.value("location.pathname"), "/");
    page.open(&at("/terminals"));
    page.value("window.stays = true");
    assert_eq!(page.value("document.querySelectorAll('.contact').length"), 0);
    let phone = |name: &str, dn, more| {
        let mut phone = Baresip::start(&exchange.dir, name, 700);
        let exchange = exchange.udp();
        phone.register(Account { dn, exchange, transport: "udp", more });
        phone
    };
    let mut caller = phone("caller", 2101, "");
    let mut callee = phone("callee", 2102, ";answermode=auto");
    page.until("document.querySelectorAll('.contact .agent').length === 2");
    assert_eq!(page.value("window.stays"), true, "without another page");
    page.open(&at("/history"));
    page.value("window.stays = true");
    caller.dial("2102");
    callee.event("CALL_ESTABLISHED");
    page.until("document.querySelector('#calls .line .state.on')");
    caller.command("hangup", "");
    page.until("!document.querySelector('#calls .line')");
    page.until("document.querySelectorAll('#rows-part tbody tr').length === 1");
    page.until("document.querySelector('#rows-part tbody tr').innerText.includes('2102')");
    assert_eq!(page.value("window.stays"), true, "without another page");
    // Without the exchange the page says that it stands still.
    exchange.kill();
    page.until("document.querySelector('#age').classList.contains('lost')");
}
