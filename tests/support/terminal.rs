//! A terminal, where commands ask.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::process::Command;
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

/// How long a command may take.
const LONGEST: Duration = Duration::from_secs(60);

/// Runs a command in a terminal to its end: once it has shown the first of two texts, the second is typed, and so on.
/// Gives the exit code and all that was shown.
pub async fn converse(mut command: Command, answers: &[(&'static str, &'static str)]) -> (i32, String) {
    let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&controller).unwrap();
    unlockpt(&controller).unwrap();
    let name = ptsname(&controller, Vec::new()).unwrap();
    let terminal = File::options().read(true).write(true).open(OsStr::from_bytes(name.as_bytes())).unwrap();
    // What is typed before a question reads it stays as it is: no erasing, no signals, no echo.
    let mut modes = tcgetattr(&terminal).unwrap();
    modes.make_raw();
    tcsetattr(&terminal, OptionalActions::Now, &modes).unwrap();
    command.stdin(terminal.try_clone().unwrap()).stdout(terminal.try_clone().unwrap()).stderr(terminal);
    let mut child = command.spawn().unwrap();
    drop(command);
    let answers = answers.to_vec();
    let talk = tokio::task::spawn_blocking(move || talk(File::from(controller), &answers));
    let talked = tokio::time::timeout(LONGEST, talk).await;
    if talked.is_err() {
        child.kill().unwrap();
    }
    let code = child.wait().unwrap().code().unwrap_or(-1);
    (code, talked.expect("the command ends").unwrap())
}

fn talk(mut controller: File, answers: &[(&str, &str)]) -> String {
    let (mut shown, mut seen) = (Vec::new(), 0);
    let mut answers = answers.iter();
    let mut next = answers.next();
    let mut buffer = [0; 4096];
    // The end of a terminal is an error.
    while let Ok(read @ 1..) = controller.read(&mut buffer) {
        shown.extend_from_slice(&buffer[..read]);
        while let Some((prompt, answer)) = next
            && let Some(at) = String::from_utf8_lossy(&shown[seen..]).find(prompt)
        {
            seen += at + prompt.len();
            controller.write_all(answer.as_bytes()).unwrap();
            next = answers.next();
        }
    }
    assert_eq!(next, None, "{}", String::from_utf8_lossy(&shown));
    String::from_utf8_lossy(&shown).into_owned()
}
