use std::path::Path;

use super::load::{ConfigError, Loaded, Origin, defaults, parse};
use crate::args::Lang;

fn read(text: &str) -> Result<Loaded, ConfigError> {
    parse(Path::new("/etc/naisen/naisen.toml"), text)
}

#[test]
fn defaults_are_those_of_the_documentation() {
    let config = defaults(Path::new("/srv")).config;
    assert_eq!(config.data, Path::new("/srv/./naisen-data"));
    assert_eq!((config.drain.as_secs(), config.journal_bytes), (10, 1 << 30));
    assert_eq!(config.udp, ["0.0.0.0:5060".parse().expect("address")]);
    assert_eq!(config.media_ports, (16_384, 32_767));
    assert_eq!(config.portal_closed, "127.0.0.1:8080".parse().ok());
}

#[test]
fn the_file_wins_and_paths_start_at_its_folder() {
    let loaded = read("[node]\ndata = \"d\"\n[sip]\ntls = []\n[media]\npath = \"relay\"\n");
    let loaded = loaded.expect("valid");
    assert_eq!(loaded.config.data, Path::new("/etc/naisen/d"));
    assert!(loaded.config.tls.is_empty() && loaded.config.relay);
    let row = loaded.rows.iter().find(|(k, ..)| k.name == "media.path").expect("listed");
    assert_eq!((row.1.as_str(), &row.2), ("\"relay\"", &Origin::Line(6)));
    assert!(
        super::report(&loaded, Lang::En)
            .contains("media.path = \"relay\"\t(/etc/naisen/naisen.toml:6)")
    );
}

#[test]
fn unknown_keys_name_the_nearest_one() {
    let error = read("[media]\npaht = \"relay\"\n").expect_err("unknown");
    let text = error.text(Lang::Ja);
    assert!(text.contains("naisen.toml:2") && text.contains("media.path"), "{text}");
    assert!(matches!(
        read("[sipp]\nudp = []\n"),
        Err(ConfigError::Unknown { nearest: "sip.udp", .. })
    ));
    assert!(matches!(
        read("data = \"x\"\n"),
        Err(ConfigError::Unknown { nearest: "node.data", .. })
    ));
}

#[test]
fn values_against_their_rule_name_line_value_and_rule() {
    for (text, line) in [
        ("[node]\ndrain = \"10\"\n", 2),
        ("[media]\nports = \"20001-20100\"\n", 2),
        ("[sip]\n\nudp = [\"5060\"]\n", 3),
        ("[media]\naddress = \"0.0.0.0\"\n", 2),
        ("[journal]\nsize = 5\n", 2),
    ] {
        match read(text) {
            Err(ConfigError::Value { line: at, .. }) => assert_eq!(at, line, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
    assert!(matches!(read("[node\n"), Err(ConfigError::Syntax { line: 1, .. })));
}
