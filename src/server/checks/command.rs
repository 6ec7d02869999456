//! A program that checks: the manifest is on its standard input, how it ends is the verdict, what it says the message.

use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::time::{Instant, sleep, timeout};

use super::Verdict;
use crate::core::review::check::Submission;

/// How often the program is looked after.
const GLANCE: Duration = Duration::from_millis(50);
/// How long its last words may take to arrive.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// How many bytes of what it says are kept.
const KEPT: usize = 8 * 1024;

/// Runs the program to its end, or until its time is over.
pub async fn verdict(words: &[String], most: Duration, submission: &Submission) -> Result<Verdict, String> {
    let mut group = Group::start(words, submission).map_err(|error| format!("the command can't be run: {error}"))?;
    let manifest = submission.build.manifest().unwrap_or_default().to_string();
    let input = group.child.stdin.take();
    // A program that does not read is no failure, and one that reads slowly is not waited for here.
    std::thread::spawn(move || input.map(|mut input| input.write_all(manifest.as_bytes())));
    let said = [Said::of(group.child.stdout.take()), Said::of(group.child.stderr.take())];
    let Ok(status) = timeout(most, group.ended()).await else {
        let message = format!("The check did not end within {} s.", most.as_secs());
        return Ok(Verdict { passed: false, message });
    };
    let status = status.map_err(|error| format!("the command can't be waited for: {error}"))?;
    let message = last_words(&said).await;
    Ok(Verdict { passed: status.success(), message })
}

/// The first of the streams on which anything was said.
async fn last_words(said: &[Said; 2]) -> String {
    let begun = Instant::now();
    while said.iter().any(|said| Arc::strong_count(&said.0) > 1) && begun.elapsed() < LAST_WORDS {
        sleep(GLANCE).await;
    }
    said.iter().map(Said::text).find(|text| !text.trim().is_empty()).unwrap_or_default()
}

/// What a stream says, as far as it is kept. What is beyond is read and forgotten, so that nobody waits.
struct Said(Arc<Mutex<Vec<u8>>>);

impl Said {
    fn of(stream: Option<impl Read + Send + 'static>) -> Self {
        let kept: Arc<Mutex<Vec<u8>>> = Arc::default();
        let said = Self(kept.clone());
        std::thread::spawn(move || {
            let (mut stream, mut bytes) = (stream, [0; 1024]);
            let mut next = |bytes: &mut [u8]| stream.as_mut().and_then(|stream| stream.read(bytes).ok());
            while let Some(read @ 1..) = next(&mut bytes) {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                let room = KEPT - kept.len();
                kept.extend_from_slice(&bytes[..read.min(room)]);
            }
        });
        said
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

/// A program with all that it starts, which end with this.
struct Group {
    child: Child,
    leader: Pid,
    ended: bool,
}

impl Group {
    fn start(words: &[String], submission: &Submission) -> std::io::Result<Self> {
        let (program, arguments) = words.split_first().ok_or(std::io::ErrorKind::NotFound)?;
        let build = &submission.build;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .env("MKT_PRODUCT_ID", build.product_id.to_string())
            .env("MKT_PRODUCT_NAME", &submission.product_name)
            .env("MKT_BUILD_ID", build.id.to_string())
            .env("MKT_BUILD_VERSION", build.version.as_str())
            .env("MKT_SUBMITTER_ID", submission.submitter.map(|user| user.to_string()).unwrap_or_default())
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let child = command.spawn()?;
        let leader = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or(std::io::ErrorKind::InvalidData)?;
        Ok(Self { child, leader, ended: false })
    }

    /// Waits for the program's end, and ends what it has left behind.
    async fn ended(&mut self) -> std::io::Result<ExitStatus> {
        // It is left as it is for now: so long the group's number is nobody else's.
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        while waitid(WaitId::Pid(self.leader), options)?.is_none() {
            sleep(GLANCE).await;
        }
        self.end()
    }

    fn end(&mut self) -> std::io::Result<ExitStatus> {
        self.ended = true;
        kill_process_group(self.leader, Signal::KILL)?;
        self.child.wait()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if !self.ended {
            // It is gone as it is.
            let _ = self.end();
        }
    }
}
