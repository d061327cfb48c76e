//! Who may depend on whom: crates, third-party crates, modules of `sip`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::Finding;
use super::scan::Source;
use super::tree::{Package, metadata};

/// The edges of the design. An edge that is not here needs a decision record first.
const EDGES: &[(&str, &str)] = &[
    ("base", ""),
    ("sip", "base"),
    ("mediactl", "base"),
    ("rtp", "base"),
    ("model", "base"),
    ("bus", "base"),
    ("callctl", "base model mediactl"),
    ("deskphone", "base model"),
    ("bulk", "base model"),
    ("net", "base sip"),
    ("media", "base mediactl rtp"),
    ("store", "base model"),
    ("people", "base model callctl"),
    ("cti", "base model callctl"),
    ("sheets", "base model bulk"),
    ("app", "base model callctl bulk sheets store"),
    ("node", "base model sip mediactl callctl people cti deskphone"),
    ("engine", "base model mediactl node store bus net media"),
    ("portal", "base model bulk sheets app engine store"),
    ("phonesvc", "base model deskphone app engine"),
    ("ctid", "base cti engine"),
    (
        "naisen",
        "base model sip rtp net media mediactl store bus bulk sheets app node engine portal \
         phonesvc ctid",
    ),
    ("sim", "base model sip mediactl callctl people cti node"),
    ("xtask", "base"),
];

/// What pure crates may use from outside.
const PURE_ALLOWED: &str = "bytes smallvec slab hashbrown siphasher memchr thiserror md-5 sha1 \
    sha2 hmac aes ctr aes-gcm subtle encoding_rs unicode-normalization icu_collator csv quick-xml \
    serde serde_json sdp-types zeroize";

/// Heavy libraries and the crates that own them.
const OWNERS: &[(&str, &str)] = &[
    ("sqlx", "store"),
    ("argon2", "store"),
    ("async-nats", "bus"),
    ("rustls", "net"),
    ("tokio-rustls", "net"),
    ("rcgen", "net"),
    ("tokio-tungstenite", "net"),
    ("hickory-resolver", "net"),
    ("socket2", "net media"),
    ("str0m", "media"),
    ("rustix", "engine media xtask"),
    ("symphonia", "media"),
    ("rubato", "media"),
    ("calamine", "sheets"),
    ("rust_xlsxwriter", "sheets"),
    ("typst", "sheets"),
    ("axum", "portal phonesvc ctid naisen"),
    ("askama", "portal phonesvc"),
    ("fluent-bundle", "app"),
    ("clap", "naisen"),
    ("toml_edit", "naisen xtask"),
    ("tracing-subscriber", "naisen"),
];

/// Which modules of `sip` a module may use; the rest may use all of them. `leg` and `stack` hold
/// the words that the stack and its user share, so whatever speaks to the user knows them.
const SIP_MODULES: &[(&str, &str)] = &[
    ("msg", ""),
    ("digest", "msg nonce"),
    ("nonce", "msg"),
    ("leg", "msg registrar"),
    ("txn", "msg digest stack"),
    ("dialog", "msg digest txn leg stack"),
    ("invite", "msg digest txn dialog registrar leg stack planted"),
    ("event", "msg digest txn dialog registrar leg stack"),
    ("registrar", "msg digest txn stack planted"),
];

fn words(text: &str) -> BTreeSet<&str> {
    text.split_whitespace().collect()
}

/// Edges between our crates: known, downwards, pure to pure.
pub(crate) fn edges(packages: &[Package]) -> Vec<Finding> {
    let known: BTreeMap<_, _> = EDGES.iter().map(|(name, to)| (*name, words(to))).collect();
    let find = |name: &str| packages.iter().find(|p| p.name == name);
    let mut found = Vec::new();
    for package in packages {
        let name = package.name.as_str();
        if !matches!(package.kind.as_str(), "pure" | "shell" | "bin" | "dev") {
            found.push(Finding::of(name, "no [package.metadata.layout] kind"));
        }
        let Some(allowed) = known.get(name) else {
            found.push(Finding::of(name, "not in the table of edges"));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|d| d.ours && !d.dev) {
            let Some(to) = find(&dependency.name) else { continue };
            if !allowed.contains(dependency.name.as_str()) {
                found.push(Finding::of(name, format!("no arrow to {} in the design", to.name)));
            }
            if to.layer >= package.layer {
                let text =
                    format!("layer {} uses {} of layer {}", package.layer, to.name, to.layer);
                found.push(Finding::of(name, text));
            }
            if package.kind == "pure" && to.kind != "pure" {
                found.push(Finding::of(name, format!("pure, but uses {} ({})", to.name, to.kind)));
            }
        }
    }
    found
}

/// The allow-list of pure crates, and the one owner of each heavy library.
pub(crate) fn third_party(packages: &[Package]) -> Vec<Finding> {
    let allowed = words(PURE_ALLOWED);
    let mut found = Vec::new();
    for package in packages {
        for dependency in package.dependencies.iter().filter(|d| !d.ours && !d.dev) {
            let name = dependency.name.as_str();
            if package.kind == "pure" && !allowed.contains(name) {
                let text = format!("pure crates may not use {name}; it needs a decision record");
                found.push(Finding::of(&package.name, text));
            }
            if let Some((_, owners)) = OWNERS.iter().find(|(library, _)| *library == name)
                && !words(owners).contains(package.name.as_str())
            {
                found.push(Finding::of(&package.name, format!("{name} belongs to {owners}")));
            }
            if package.name == "model" && name == "serde" {
                found.push(Finding::of("model", "edges own their serialised twins"));
            }
        }
    }
    found
}

/// Each crate takes lints, edition and third-party versions from the workspace.
pub(crate) fn manifests(packages: &[Package]) -> Vec<Finding> {
    let mut found = Vec::new();
    for package in packages {
        let Ok(manifest) = package.manifest.parse::<toml_edit::DocumentMut>() else {
            found.push(Finding::of(&package.name, "manifest cannot be read"));
            continue;
        };
        let inherits = |table: &str, key: Option<&str>| {
            let item = manifest.get(table);
            let item = match key {
                Some(key) => item.and_then(|item| item.get(key)),
                None => item,
            };
            let flag = item.and_then(|item| item.get("workspace"));
            flag.and_then(toml_edit::Item::as_bool) == Some(true)
        };
        if !inherits("lints", None) {
            found.push(Finding::of(&package.name, "[lints] workspace = true is missing"));
        }
        for key in ["version", "edition", "license", "rust-version", "publish"] {
            if !inherits("package", Some(key)) {
                found
                    .push(Finding::of(&package.name, format!("{key}.workspace = true is missing")));
            }
        }
        for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let dependencies = manifest.get(table).and_then(toml_edit::Item::as_table_like);
            for (name, _) in dependencies.into_iter().flat_map(|table| table.iter()) {
                if !inherits(table, Some(name)) {
                    let text = format!("{table}: {name} must come from the workspace");
                    found.push(Finding::of(&package.name, text));
                }
            }
        }
    }
    found
}

/// Licences that `deny.toml` allows, and sources: the registry or this repository.
pub(crate) fn licences(root: &Path) -> Vec<Finding> {
    let deny = std::fs::read_to_string(root.join("deny.toml")).unwrap_or_default();
    let Ok(deny) = deny.parse::<toml_edit::DocumentMut>() else {
        return vec![Finding::of("deny.toml", "cannot be read")];
    };
    let allow = deny["licenses"]["allow"].as_array();
    let allowed: BTreeSet<&str> =
        allow.into_iter().flat_map(|list| list.iter()).filter_map(|item| item.as_str()).collect();
    let metadata = match metadata(root, &["--locked"]) {
        Ok(metadata) => metadata,
        Err(error) => return vec![Finding::of("Cargo.lock", error)],
    };
    let mut found = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        let licence = package["license"].as_str().unwrap_or_default();
        if !permitted(licence, &allowed) {
            found.push(Finding::of(name, format!("licence {licence:?} is not allowed")));
        }
        if let Some(source) = package["source"].as_str()
            && !source.starts_with("registry+")
        {
            found.push(Finding::of(name, format!("comes from {source}")));
        }
    }
    found
}

/// An SPDX expression holds when one side of each OR, and both sides of each AND, are allowed.
fn permitted(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let text = expression.replace('/', " OR ").replace(['(', ')'], " ");
    // No dependency nests OR below AND in a way that this flat reading would wave through.
    text.split(" AND ").all(|all| all.split(" OR ").any(|one| allowed.contains(one.trim())))
        && !expression.is_empty()
}

/// Uses between the modules of `sip`.
pub(crate) fn sip_modules(sources: &[Source]) -> Vec<Finding> {
    let mut found = Vec::new();
    for source in sources.iter().filter(|s| s.path.starts_with("crates/sip/src/") && !s.test) {
        let below = source.path.trim_start_matches("crates/sip/src/");
        let module = below.split('/').next().unwrap_or_default().trim_end_matches(".rs");
        let Some((_, allowed)) = SIP_MODULES.iter().find(|(name, _)| *name == module) else {
            continue;
        };
        let allowed = words(allowed);
        for (number, line) in source.code_lines() {
            for (at, _) in line.match_indices("crate::") {
                let used: String = line[at + 7..]
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect();
                let is_module = used.chars().next().is_some_and(char::is_lowercase);
                // Planted bugs for the simulator's checkers sit wherever they are planted.
                let known = used == module || used == "planted" || allowed.contains(used.as_str());
                if is_module && !known {
                    let text = format!("module {module} may not use {used}");
                    found.push(Finding::at(&source.path, number, text));
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::tree::Dependency;
    use super::*;

    fn package(name: &str, kind: &str, layer: u64, uses: &[(&str, bool)]) -> Package {
        let dependencies = uses
            .iter()
            .map(|(name, ours)| Dependency { name: (*name).to_owned(), ours: *ours, dev: false })
            .collect();
        let (name, kind) = (name.to_owned(), kind.to_owned());
        Package { name, kind, layer, dependencies, manifest: String::new() }
    }

    #[test]
    fn an_upward_or_impure_arrow_is_found() {
        let base = || package("base", "pure", 0, &[]);
        let good = [base(), package("sip", "pure", 1, &[("base", true)])];
        assert_eq!(edges(&good), vec![]);
        let up = [package("base", "pure", 0, &[("sip", true)]), package("sip", "pure", 1, &[])];
        assert_eq!(edges(&up).len(), 2);
        let store = package("store", "shell", 2, &[]);
        let impure = [package("callctl", "pure", 3, &[("store", true)]), store];
        assert_eq!(edges(&impure).len(), 2);
    }

    #[test]
    fn a_stranger_in_a_pure_crate_is_found() {
        assert_eq!(third_party(&[package("sip", "pure", 1, &[("tokio", false)])]).len(), 1);
        assert_eq!(third_party(&[package("app", "shell", 3, &[("sqlx", false)])]).len(), 1);
        assert_eq!(third_party(&[package("sip", "pure", 1, &[("bytes", false)])]).len(), 0);
    }

    #[test]
    fn a_manifest_that_goes_its_own_way_is_found() {
        let mut own = package("a", "pure", 1, &[]);
        own.manifest = "[package]\nname = \"a\"\n[dependencies]\nbytes = \"1\"\n".into();
        assert_eq!(manifests(&[own]).len(), 7);
    }

    #[test]
    fn licence_expressions() {
        let allowed = BTreeSet::from(["MIT", "Apache-2.0", "Unicode-3.0"]);
        assert!(permitted("MIT OR GPL-3.0", &allowed));
        assert!(permitted("MIT/Apache-2.0", &allowed));
        assert!(permitted("(MIT OR Apache-2.0) AND Unicode-3.0", &allowed));
        assert!(!permitted("MIT AND GPL-3.0", &allowed));
        assert!(!permitted("", &allowed));
    }

    #[test]
    fn a_message_may_not_know_transactions() {
        let text = "use crate::txn::Key;\nuse crate::msg::Uri;\n".to_owned();
        let source = Source::new("crates/sip/src/msg/a.rs", text);
        assert_eq!(sip_modules(&[source]).len(), 1);
    }
}
