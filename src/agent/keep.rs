//! What an agent keeps on its machine: who it is, and that it is the only one there.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::runner::Fault;

/// The folder of a platform's agent on this machine, held for as long as this lives.
#[derive(Debug)]
pub struct State {
    folder: PathBuf,
    id: Uuid,
    /// Locked; let go of by the kernel however the agent ends.
    _lock: Option<File>,
}

impl State {
    /// Opens the folder, makes it when it is not there, and holds it.
    ///
    /// # Errors
    /// When it can't be written to, or another agent holds it.
    pub fn open(folder: PathBuf) -> Result<Self, Fault> {
        let unusable =
            |error: std::io::Error| Fault::new(format!("The folder {} can't be used", folder.display()), error);
        // What tasks print and are given is nobody else's business.
        DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(unusable)?;
        fs::set_permissions(&folder, Permissions::from_mode(0o700)).map_err(unusable)?;
        let lock =
            OpenOptions::new().create(true).truncate(false).write(true).open(folder.join("lock")).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let message = "another agent uses it. Stop that one, or name another folder with --state";
                return Err(Fault::new(format!("The folder {} can't be used", folder.display()), message));
            }
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        let id = own_id(&folder.join("agent")).map_err(unusable)?;
        Ok(Self { folder, id, _lock: Some(lock) })
    }

    /// An agent that leaves nothing behind.
    pub fn passing() -> Self {
        Self { folder: PathBuf::new(), id: Uuid::new_v4(), _lock: None }
    }

    /// Who this agent is, whenever it is started.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// Where a runner may keep what it needs.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

/// The id in a file, or a new one in a new file.
fn own_id(path: &Path) -> std::io::Result<Uuid> {
    if let Some(id) = fs::read_to_string(path).ok().and_then(|text| text.trim().parse().ok()) {
        return Ok(id);
    }
    let id = Uuid::new_v4();
    fs::write(path, id.to_string())?;
    Ok(id)
}
