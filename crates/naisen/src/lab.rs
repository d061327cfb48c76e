//! What only a build for tests takes from its environment.

/// Settings of the SIP stack. A debug build lets `NAISEN_TEST_SESSION=SECONDS,LEAST` agree on
/// sessions below the 90 s of RFC 4028 §4, so that tests see refreshes and expiries; any other
/// build ignores it.
pub(crate) fn sip_settings() -> sip::stack::Config {
    let mut config = sip::stack::Config::default();
    if cfg!(debug_assertions)
        && let Ok(text) = std::env::var("NAISEN_TEST_SESSION")
        && let Some((seconds, least)) = text.split_once(',')
        && let (Ok(seconds), Ok(least)) = (seconds.parse(), least.parse())
    {
        (config.session_expires_s, config.session_min_s) = (seconds, least);
    }
    config
}
