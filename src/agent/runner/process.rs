//! Tasks as processes, each in a group of its own. What is known of each is in a file, and what it prints goes to another, so
//! that it outlives the agent and the next one takes it over.

use std::collections::HashMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, kill_process_group, prlimit};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;
use uuid::Uuid;

use super::process_table;
use super::{Fault, GRACE, Launch, OUTPUT, Unit, UnitKey, UnitState};
use crate::core::clock::{self, Timestamp};

/// How many bytes of output a file may have before it is emptied.
const LONGEST: u64 = 4 * 1024 * 1024;
/// How often it is looked whether a process has stopped.
const GLANCE: Duration = Duration::from_millis(50);
/// The variable by which a unit's processes are known, wherever they have gone.
const MARK: &str = "PLATFORM_UNIT_ID";

/// Starts tasks as processes.
pub struct Process {
    folder: PathBuf,
    /// The children of this very agent, which it must reap.
    children: Mutex<HashMap<u32, Child>>,
}

/// What is known of a process, as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    id: Uuid,
    key: UnitKey,
    /// Its leader; 0 until that has started.
    pid: u32,
    /// When it started, by the kernel's count, so that no other process with its number is taken for it.
    begun: u64,
    port: Option<u16>,
    started_at: Timestamp,
    /// With which code it ended.
    code: Option<i64>,
    ended: bool,
}

impl Process {
    /// A runner that keeps what it knows in this folder.
    ///
    /// # Errors
    /// When the folder can't be made.
    pub fn open(folder: PathBuf) -> Result<Self, Fault> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        made.map_err(|error| Fault::new(format!("Can't make {}", folder.display()), error))?;
        Ok(Self { folder, children: Mutex::default() })
    }

    pub(super) fn units(&self) -> Result<Vec<Unit>, Fault> {
        let entries = fs::read_dir(&self.folder)
            .map_err(|error| Fault::new(format!("Can't read {}", self.folder.display()), error))?;
        let files = entries.flatten().map(|entry| entry.path());
        let kept = files.filter(|path| path.extension().is_some_and(|end| end == "json"));
        Ok(kept.filter_map(|path| self.unit(&path)).collect())
    }

    /// The unit in a file. Of one that an agent died in the midst of starting nobody knows how far it has come: it counts as ended.
    fn unit(&self, path: &Path) -> Option<Unit> {
        let mut kept: Kept = serde_json::from_str(&fs::read_to_string(path).ok()?).ok()?;
        if !kept.ended
            && kept.pid != 0
            && let UnitState::Ended(code) = self.state(&kept)
        {
            (kept.ended, kept.code) = (true, code);
            self.keep(&kept).ok()?;
        }
        self.bound_output(kept.id);
        let state = if kept.ended || kept.pid == 0 { UnitState::Ended(kept.code) } else { UnitState::Running };
        Some(Unit {
            key: kept.key,
            id: kept.id.to_string(),
            state,
            address: kept.port.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
            published: None,
            started_at: kept.started_at,
        })
    }

    /// How a process is. Only its parent knows with which code it ended.
    fn state(&self, kept: &Kept) -> UnitState {
        if let Some(child) = self.children().get_mut(&kept.pid) {
            return match child.try_wait() {
                Ok(Some(status)) => UnitState::Ended(status.code().map(i64::from)),
                Ok(None) | Err(_) => UnitState::Running,
            };
        }
        match process_table::begun(kept.pid) == Some(kept.begun) {
            true => UnitState::Running,
            false => UnitState::Ended(None),
        }
    }

    pub(super) fn start(&self, launch: &Launch) -> Result<Unit, Fault> {
        let what = || format!("Can't start {} of {}", launch.key.task, launch.title);
        let mut arguments = launch.command.clone().ok_or_else(|| {
            let message = "the operator has not said what to start. Add to the agent's file: [products.\"NAME\"] command = [\"/path\"]";
            Fault::new(what(), message)
        })?;
        arguments.extend(launch.options.iter().cloned());
        let (program, arguments) = arguments.split_first().ok_or_else(|| Fault::new(what(), "its command is empty"))?;
        let id = Uuid::new_v4();
        let port = launch.ports.first().map(|_| free_port()).transpose().map_err(|error| Fault::new(what(), error))?;
        // Known before it is there: whatever happens in between, the next agent finds it.
        let started_at = clock::now();
        let mut kept =
            Kept { id, key: launch.key.clone(), pid: 0, begun: 0, port, started_at, code: None, ended: false };
        let started = self.keep(&kept).and_then(|()| self.spawn(launch, id, port, program, arguments));
        let child = started.map_err(|error| {
            self.forget(id);
            Fault::new(format!("{} ({program})", what()), error)
        })?;
        kept.pid = child.id();
        kept.begun = process_table::begun(kept.pid).unwrap_or_default();
        self.children().insert(kept.pid, child);
        if let Err(error) = self.keep(&kept) {
            // What is not known to the next agent must not run on.
            self.end(&kept);
            self.forget(id);
            return Err(Fault::new(what(), error));
        }
        let address = port.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        Ok(Unit { key: kept.key, id: id.to_string(), state: UnitState::Running, address, published: None, started_at })
    }

    fn spawn(
        &self,
        launch: &Launch,
        id: Uuid,
        port: Option<u16>,
        program: &str,
        arguments: &[String],
    ) -> std::io::Result<Child> {
        let output = OpenOptions::new().create(true).append(true).mode(0o600).open(self.file(id, "log"))?;
        let mut command = Command::new(program);
        command.args(arguments).env_clear().envs(&launch.environment).process_group(0).stdin(Stdio::null());
        command.current_dir("/").env(MARK, id.to_string());
        if let Some(port) = port {
            command.env("PORT", port.to_string());
        }
        if !launch.environment.contains_key("PATH") {
            command.env("PATH", "/usr/local/bin:/usr/bin:/bin");
        }
        let child = command.stdout(output.try_clone()?).stderr(output).spawn()?;
        // What it may take of memory, as far as the kernel counts that for a process.
        let most = u64::try_from(launch.memory).ok().and_then(|memory| memory.checked_mul(1024 * 1024));
        if let Some(pid) = Pid::from_raw(child.id().cast_signed()) {
            let _ = prlimit(Some(pid), Resource::Data, Rlimit { current: most, maximum: most });
        }
        Ok(child)
    }

    pub(super) async fn stop(&self, unit: &Unit) -> Result<(), Fault> {
        let id = unit.id.parse::<Uuid>().map_err(|error| Fault::new("Can't stop a process", error))?;
        let path = self.file(id, "json");
        let Some(kept) = fs::read_to_string(&path).ok().and_then(|text| serde_json::from_str::<Kept>(&text).ok())
        else {
            return Ok(());
        };
        let runs = || !kept.ended && self.state(&kept) == UnitState::Running;
        if runs() {
            signal(kept.pid, Signal::TERM);
            let begun = Instant::now();
            while runs() && begun.elapsed() < GRACE {
                tokio::time::sleep(GLANCE).await;
            }
        }
        self.end(&kept);
        while runs() {
            tokio::time::sleep(GLANCE).await;
        }
        self.children().remove(&kept.pid);
        self.forget(id);
        Ok(())
    }

    /// Ends by force whatever is left of a unit: its leader, and all that this has started, in its group or not.
    fn end(&self, kept: &Kept) {
        for pid in process_table::with_variable(&format!("{MARK}={}", kept.id)) {
            if let Some(pid) = Pid::from_raw(pid.cast_signed()) {
                let _ = kill_process(pid, Signal::KILL);
            }
        }
    }

    /// Removes what is kept of a unit.
    fn forget(&self, id: Uuid) {
        for end in ["json", "log"] {
            let _ = fs::remove_file(self.file(id, end));
        }
    }

    pub(super) fn output(&self, unit: &Unit) -> Result<String, Fault> {
        let read = || -> std::io::Result<Vec<u8>> {
            let id = unit.id.parse::<Uuid>().map_err(std::io::Error::other)?;
            let mut file = File::open(self.file(id, "log"))?;
            let from = file.metadata()?.len().saturating_sub(OUTPUT as u64);
            file.seek(SeekFrom::Start(from))?;
            let mut bytes = Vec::new();
            file.take(OUTPUT as u64).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        let bytes = read().map_err(|error| Fault::new("Can't read what a process printed", error))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Empties an output that has become too long; whoever writes to it goes on at its new end.
    fn bound_output(&self, id: Uuid) {
        let file = OpenOptions::new().write(true).open(self.file(id, "log"));
        if let Ok(file) = file
            && file.metadata().is_ok_and(|known| known.len() > LONGEST)
        {
            let _ = file.set_len(0);
        }
    }

    /// Writes down what is known of a process, all or nothing.
    fn keep(&self, kept: &Kept) -> std::io::Result<()> {
        let mut file = NamedTempFile::new_in(&self.folder)?;
        file.write_all(&serde_json::to_vec(kept)?)?;
        file.persist(self.file(kept.id, "json")).map(drop).map_err(|error| error.error)
    }

    fn file(&self, id: Uuid, end: &str) -> PathBuf {
        self.folder.join(format!("{id}.{end}"))
    }

    fn children(&self) -> MutexGuard<'_, HashMap<u32, Child>> {
        self.children.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends a signal to a process and all its children that have stayed in its group.
fn signal(pid: u32, signal: Signal) {
    if let Some(group) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, signal);
    }
}

/// A port that nothing listens on now.
fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
