//! The demo's folder: made anew at each start, and only ever emptied when the demo made it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::ports;

/// In the current folder.
pub(super) const NAME: &str = "naisen-demo";

/// Says that the folder is the demo's; locked while a demo runs in it.
const MARKER: &str = ".made-by-naisen-demo";

/// Configuration with which the other commands find the demo's node.
pub(super) const CONFIG: &str = "naisen.toml";

/// The folder, taken.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    _lock: File,
}

/// Why the folder cannot be taken.
#[derive(Debug)]
pub(super) enum FolderError {
    /// It is there and not the demo's: nothing was touched.
    Foreign,
    /// Another demo runs in it.
    InUse,
    /// The file system refuses.
    Io(io::Error),
}

impl From<io::Error> for FolderError {
    fn from(error: io::Error) -> Self {
        FolderError::Io(error)
    }
}

impl Folder {
    /// Makes `path` an empty folder, whatever an earlier demo left in it.
    pub(super) fn make(path: &Path) -> Result<Self, FolderError> {
        let marker = path.join(MARKER);
        match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::DirBuilder::new().mode(0o700).create(path)?;
            }
            Err(error) => return Err(error.into()),
            Ok(there) => {
                let is_ours = there.is_dir() && (marker.is_file() || is_empty(path)?);
                if !is_ours {
                    return Err(FolderError::Foreign);
                }
            }
        }
        let mut options = OpenOptions::new();
        let lock = options.create(true).truncate(false).write(true).mode(0o600).open(&marker)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(FolderError::InUse),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            if entry.file_name() == MARKER {
                continue;
            }
            // A link is removed itself; what it names is not ours.
            if entry.file_type()?.is_dir() {
                fs::remove_dir_all(entry.path())?;
            } else {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(Folder { path: path.to_owned(), _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the configuration file for `naisen … --config`; its path.
    pub(super) fn write_config(&self, listen: IpAddr) -> io::Result<PathBuf> {
        let at = |port| SocketAddr::new(listen, port);
        let text = format!(
            "[node]\ndata = \".\"\n\n[sip]\nudp = [\"{0}\"]\ntcp = [\"{0}\"]\ntls = [\"{1}\"]\n\n\
             [portal]\nclosed = \"{2}\"\n\n[metrics]\nlisten = \"{3}\"\n",
            at(ports::SIP),
            at(ports::SIP_TLS),
            at(ports::PORTAL),
            at(ports::METRICS),
        );
        let path = self.path.join(CONFIG);
        fs::write(&path, text)?;
        Ok(path)
    }
}

fn is_empty(path: &Path) -> io::Result<bool> {
    Ok(fs::read_dir(path)?.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of this test alone.
    fn place(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("naisen-demo-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        path
    }

    #[test]
    fn the_demos_own_folder_is_emptied() {
        let place = place("own");
        let path = place.join(NAME);
        let outside = place.join("outside");
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("kept"), "x").unwrap();
        let first = Folder::make(&path).unwrap();
        fs::create_dir(path.join("journal")).unwrap();
        fs::write(path.join("journal/a"), "x").unwrap();
        fs::write(path.join("main.db"), "x").unwrap();
        std::os::unix::fs::symlink(&outside, path.join("link")).unwrap();
        assert!(matches!(Folder::make(&path), Err(FolderError::InUse)));
        assert!(path.join("main.db").exists());
        drop(first);
        let _second = Folder::make(&path).unwrap();
        let left: Vec<_> = fs::read_dir(&path).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, [MARKER]);
        assert!(outside.join("kept").exists());
        fs::remove_dir_all(place).unwrap();
    }

    #[test]
    fn a_foreign_folder_is_left_alone() {
        let place = place("foreign");
        let path = place.join(NAME);
        fs::create_dir(&path).unwrap();
        fs::write(path.join("letter"), "x").unwrap();
        assert!(matches!(Folder::make(&path), Err(FolderError::Foreign)));
        assert!(path.join("letter").exists());
        fs::remove_dir_all(&path).unwrap();
        std::os::unix::fs::symlink(&place, &path).unwrap();
        assert!(matches!(Folder::make(&path), Err(FolderError::Foreign)));
        fs::remove_file(&path).unwrap();
        fs::write(&path, "x").unwrap();
        assert!(matches!(Folder::make(&path), Err(FolderError::Foreign)));
        fs::remove_dir_all(place).unwrap();
    }

    #[test]
    fn its_configuration_names_the_demos_node() {
        let place = place("config");
        let folder = Folder::make(&place.join(NAME)).unwrap();
        let path = folder.write_config([127, 0, 0, 9].into()).unwrap();
        let config = crate::config::load(Some(&path)).unwrap().config;
        assert_eq!(config.udp, ["127.0.0.9:5060".parse().unwrap()]);
        assert_eq!(config.tls, ["127.0.0.9:5061".parse().unwrap()]);
        assert_eq!(config.portal_closed, Some("127.0.0.9:8080".parse().unwrap()));
        assert_eq!(config.data.canonicalize().unwrap(), folder.path().canonicalize().unwrap());
        fs::remove_dir_all(place).unwrap();
    }
}
