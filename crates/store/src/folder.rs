//! The data folder: private, owned by one process at a time, with the key file.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use base::Secret;

use crate::error::OpenError;

/// A data folder that this process owns until the value is dropped.
pub(crate) struct Folder {
    path: PathBuf,
    /// Holds the advisory lock; the kernel frees it when the process dies.
    _lock: File,
}

/// Wraps an I/O error with the path it is about.
pub(crate) fn at(path: &Path) -> impl FnOnce(std::io::Error) -> OpenError {
    let path = path.to_owned();
    move |source| OpenError::File { path, source }
}

impl Folder {
    /// Makes the folder (mode 0700) when it is missing, and takes its lock.
    pub(crate) fn own(path: &Path) -> Result<Self, OpenError> {
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(at(path))?;
        fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(at(path))?;
        let lock_path = path.join("lock");
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&lock_path)
            .map_err(at(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Folder { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse(path.to_owned())),
            Err(TryLockError::Error(source)) => Err(at(&lock_path)(source)),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The 32 bytes of the key file, made (mode 0600) at the first start.
    pub(crate) fn key(&self) -> Result<Secret<[u8; 32]>, OpenError> {
        let path = self.path.join("key");
        match File::open(&path) {
            Ok(mut file) => {
                let mut bytes = [0; 32];
                let whole = file.read_exact(&mut bytes).is_ok();
                let ended = matches!(file.read(&mut [0]), Ok(0));
                if whole && ended { Ok(Secret::new(bytes)) } else { Err(OpenError::Key(path)) }
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => self.make_key(&path),
            Err(source) => Err(at(&path)(source)),
        }
    }

    fn make_key(&self, path: &Path) -> Result<Secret<[u8; 32]>, OpenError> {
        if self.path.join("main.db").exists() {
            // A new key would make every stored secret unreadable without anybody noticing.
            return Err(OpenError::Key(path.to_owned()));
        }
        let key = crate::crypt::random::<32>();
        let fresh = self.path.join("key.new");
        let write = || -> std::io::Result<()> {
            let mut file = OpenOptions::new()
                .create(true)
                .truncate(true)
                .write(true)
                .mode(0o600)
                .open(&fresh)?;
            file.write_all(&key)?;
            file.sync_all()?;
            fs::rename(&fresh, path)?;
            File::open(&self.path)?.sync_all()
        };
        write().map_err(at(path))?;
        Ok(Secret::new(key))
    }
}
