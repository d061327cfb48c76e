//! What the checks look at: packages as cargo sees them, and every source file.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::scan::Source;

/// A dependency of a package.
pub(crate) struct Dependency {
    /// Name in the registry or workspace.
    pub(crate) name: String,
    /// A package of ours.
    pub(crate) ours: bool,
    /// Only for tests.
    pub(crate) dev: bool,
}

/// A package of the workspace.
pub(crate) struct Package {
    /// Its name.
    pub(crate) name: String,
    /// `pure`, `shell`, `bin` or `dev`.
    pub(crate) kind: String,
    /// Its layer; arrows go only to lower ones.
    pub(crate) layer: u64,
    /// What it depends on.
    pub(crate) dependencies: Vec<Dependency>,
    /// The text of its manifest.
    pub(crate) manifest: String,
}

/// The repository.
pub(crate) struct Tree {
    /// Its folder.
    pub(crate) root: PathBuf,
    /// Packages, sorted by name.
    pub(crate) packages: Vec<Package>,
    /// Rust sources, sorted by path.
    pub(crate) sources: Vec<Source>,
}

impl Tree {
    /// Reads everything the checks need.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let packages = packages(root)?;
        let mut paths = Vec::new();
        for top in ["crates", "xtask", "fuzz"] {
            walk(&root.join(top), "rs", &mut paths)?;
        }
        paths.sort();
        let mut sources = Vec::new();
        for path in paths {
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            sources.push(Source::new(&relative(root, &path), text));
        }
        Ok(Tree { root: root.to_path_buf(), packages, sources })
    }

    /// Names of the crates of a kind.
    pub(crate) fn of_kind(&self, kind: &str) -> Vec<String> {
        self.packages.iter().filter(|p| p.kind == kind).map(|p| p.name.clone()).collect()
    }

    /// The text of a file, empty when there is none.
    pub(crate) fn text(&self, path: &str) -> String {
        std::fs::read_to_string(self.root.join(path)).unwrap_or_default()
    }
}

/// A path below the root, with `/` between folders.
pub(crate) fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

/// Collects files with that extension, skipping what is built or hidden.
pub(crate) fn walk(folder: &Path, extension: &str, out: &mut Vec<PathBuf>) -> Result<()> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with('.') || matches!(name, "target" | "node_modules" | "corpus") {
            continue;
        }
        if path.is_dir() {
            walk(&path, extension, out)?;
        } else if path.extension().is_some_and(|e| e == extension) {
            out.push(path);
        }
    }
    Ok(())
}

/// `cargo metadata` with further arguments, as JSON.
pub(crate) fn metadata(root: &Path, args: &[&str]) -> Result<Value> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let out = Command::new(cargo)
        .args(["metadata", "--format-version", "1"])
        .args(args)
        .current_dir(root)
        .output()
        .context("cannot start cargo metadata")?;
    ensure!(out.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&out.stderr));
    Ok(serde_json::from_slice(&out.stdout)?)
}

fn packages(root: &Path) -> Result<Vec<Package>> {
    let metadata = metadata(root, &["--no-deps"])?;
    let mut packages = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let layout = &package["metadata"]["layout"];
        let dependencies = package["dependencies"].as_array().into_iter().flatten();
        packages.push(Package {
            name: text(&package["name"]),
            kind: text(&layout["kind"]),
            layer: layout["layer"].as_u64().unwrap_or(u64::MAX),
            dependencies: dependencies
                .map(|d| Dependency {
                    name: text(&d["name"]),
                    ours: d["path"].is_string(),
                    dev: d["kind"] == "dev",
                })
                .collect(),
            manifest: std::fs::read_to_string(text(&package["manifest_path"]))?,
        });
    }
    packages.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(packages)
}
