//! Tasks as processes, each in a group of its own. What is known of each is in a file, and what it prints goes to another, so
//! that it outlives the agent and the next one takes it over.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::process_table;
use super::{Fault, GRACE, Launch, OUTPUT, Unit, UnitKey, UnitState};
use crate::core::clock::{self, Timestamp};

/// How many bytes of output a file may have before it is emptied.
const LONGEST: u64 = 4 * 1024 * 1024;
/// How often it is looked whether a process has stopped.
const GLANCE: Duration = Duration::from_millis(50);

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
        fs::create_dir_all(&folder).map_err(|error| Fault::new(format!("Can't make {}", folder.display()), error))?;
        Ok(Self { folder, children: Mutex::default() })
    }

    pub(super) fn units(&self) -> Result<Vec<Unit>, Fault> {
        let entries = fs::read_dir(&self.folder)
            .map_err(|error| Fault::new(format!("Can't read {}", self.folder.display()), error))?;
        let files = entries.flatten().map(|entry| entry.path());
        let kept = files.filter(|path| path.extension().is_some_and(|end| end == "json"));
        Ok(kept.filter_map(|path| self.unit(&path)).collect())
    }

    /// The unit in a file. One that was being written when an agent died was not started.
    fn unit(&self, path: &Path) -> Option<Unit> {
        let mut kept: Kept = serde_json::from_str(&fs::read_to_string(path).ok()?).ok()?;
        if !kept.ended
            && let UnitState::Ended(code) = self.state(&kept)
        {
            (kept.ended, kept.code) = (true, code);
            self.keep(&kept).ok()?;
        }
        self.bound_output(kept.id);
        let state = if kept.ended { UnitState::Ended(kept.code) } else { UnitState::Running };
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
        let output = OpenOptions::new().create(true).append(true).open(self.file(id, "log"));
        let output = output.map_err(|error| Fault::new(what(), error))?;
        let port = launch.ports.first().map(|_| free_port()).transpose().map_err(|error| Fault::new(what(), error))?;
        let mut command = Command::new(program);
        command.args(arguments).env_clear().envs(&launch.environment).process_group(0).stdin(Stdio::null());
        command.current_dir("/");
        if let Some(port) = port {
            command.env("PORT", port.to_string());
        }
        if !launch.environment.contains_key("PATH") {
            command.env("PATH", "/usr/local/bin:/usr/bin:/bin");
        }
        let copied = output.try_clone().map_err(|error| Fault::new(what(), error))?;
        let child = command.stdout(output).stderr(copied).spawn();
        let mut child = child.map_err(|error| Fault::new(format!("{} ({program})", what()), error))?;
        let pid = child.id();
        let started_at = clock::now();
        let begun = process_table::begun(pid).unwrap_or_default();
        let kept = Kept { id, key: launch.key.clone(), pid, begun, port, started_at, code: None, ended: false };
        if let Err(error) = self.keep(&kept) {
            // What is not known to the next agent must not run on.
            signal(pid, Signal::KILL);
            let _ = child.wait();
            return Err(Fault::new(what(), error));
        }
        self.children().insert(pid, child);
        let address = port.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        Ok(Unit { key: kept.key, id: id.to_string(), state: UnitState::Running, address, published: None, started_at })
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
        // What is left of its group, too.
        if !kept.ended && process_table::begun(kept.pid).is_none_or(|begun| begun == kept.begun) {
            signal(kept.pid, Signal::KILL);
        }
        while runs() {
            tokio::time::sleep(GLANCE).await;
        }
        self.children().remove(&kept.pid);
        for end in ["json", "log"] {
            let _ = fs::remove_file(self.file(id, end));
        }
        Ok(())
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
        let (path, partial) = (self.file(kept.id, "json"), self.file(kept.id, "partial"));
        fs::write(&partial, serde_json::to_vec(kept)?)?;
        fs::rename(partial, path)
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
