//! Connections of those who mean harm: they are ended in time, and the others are served meanwhile.

use std::time::{Duration, Instant};

use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::support::{Database, Server};

/// A server that waits a second for a first head, and two for the next.
async fn impatient() -> Server {
    server(&[("MKT_HEAD_TIMEOUT", "1"), ("MKT_IDLE_TIMEOUT", "2")]).await
}

async fn server(variables: &[(&str, &str)]) -> Server {
    Server::start_with(&Database::sqlite(), &[], variables).await
}

async fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(server.url("").replace("http://", "")).await.unwrap()
}

/// Sends, and reads until the server ends the connection.
async fn exchange(server: &Server, sent: &[u8]) -> String {
    let mut stream = connect(server).await;
    stream.write_all(sent).await.unwrap();
    until_the_end(&mut stream).await
}

/// What comes until the connection has ended, one way or another.
async fn until_the_end(stream: &mut TcpStream) -> String {
    let (mut all, mut piece) = (Vec::new(), [0; 4096]);
    let reading = async {
        while let Ok(length @ 1..) = stream.read(&mut piece).await {
            all.extend_from_slice(&piece[..length]);
        }
    };
    timeout(Duration::from_secs(5), reading).await.expect("the connection stays open");
    String::from_utf8_lossy(&all).into_owned()
}

/// Whether a new connection is ended at once. It may be while the client still makes it.
async fn turns_away(server: &Server) -> bool {
    match TcpStream::connect(server.url("").replace("http://", "")).await {
        Ok(mut stream) => timeout(Duration::from_secs(1), stream.read(&mut [0])).await.is_ok(),
        Err(_) => true,
    }
}

/// Others are served meanwhile.
async fn serves(server: &Server) {
    let answer = server.anonymous(Method::GET, "/livez").timeout(Duration::from_secs(5)).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn heads_that_do_not_come_are_not_waited_for() {
    let server = impatient().await;
    let begun = Instant::now();
    let mut slow = Vec::new();
    for sent in ["", "G", "GET /livez HTTP/1.1\r\nhost: x\r\n", "\r\n\r\n"] {
        let mut stream = connect(&server).await;
        stream.write_all(sent.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    // Bytes now and then buy no time.
    let mut dripping = connect(&server).await;
    let drips = async {
        for byte in b"GET /livez HTTP/1.1\r\nx: ".iter().chain(b"y".iter().cycle()) {
            if dripping.write_all(&[*byte]).await.is_err() {
                return;
            }
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(3), drips).await.expect("the connection stays open");
    for stream in &mut slow {
        assert_eq!(until_the_end(stream).await, "");
    }
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
    serves(&server).await;
}

#[tokio::test]
async fn connections_are_kept_for_further_requests_and_closed_when_none_come() {
    let server = impatient().await;
    let mut stream = connect(&server).await;
    let mut piece = [0; 4096];
    for _ in 0..3 {
        // Longer than a first head may take.
        stream.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        assert!(stream.read(&mut piece).await.unwrap() > 0);
        sleep(Duration::from_millis(600)).await;
    }
    stream.write_all(b"GET /livez HTTP/1.1\r\n").await.unwrap();
    let begun = Instant::now();
    assert_eq!(until_the_end(&mut stream).await, "");
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn heads_have_a_size() {
    let server = server(&[]).await;
    let headers = |number: usize| (0..number).map(|index| format!("x-{index}: y\r\n")).collect::<String>();
    let long = |length: usize| format!("x: {}\r\n", "y".repeat(length));
    for (headers, status) in [
        (headers(98), "200"),
        (headers(99), "431"),
        (headers(5_000), "431"),
        (long(60 * 1024), "200"),
        (long(70 * 1024), "431"),
        (long(60 * 1024).repeat(2), "431"),
    ] {
        let head = format!("GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n");
        let answer = exchange(&server, head.as_bytes()).await;
        let asked = head.len();
        // What is still under way when the server closes may take the answer with it.
        let lost = answer.is_empty() && status == "431";
        assert!(lost || answer.starts_with(&format!("HTTP/1.1 {status}")), "{asked} bytes: {answer}");
    }
    let mut endless = connect(&server).await;
    endless.write_all(b"GET /livez HTTP/1.1\r\nx: ").await.unwrap();
    let pours = async { while endless.write_all(&[b'y'; 1024]).await.is_ok() {} };
    timeout(Duration::from_secs(2), pours).await.expect("the connection stays open");
    serves(&server).await;
}

#[tokio::test]
async fn garbage_is_refused_and_ends_the_connection() {
    let server = server(&[]).await;
    let good = "GET /livez HTTP/1.1\r\nhost: x\r\n\r\n";
    for garbage in [
        "\u{16}\u{3}\u{1}\u{2}\0",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "GET\r\n\r\n",
        "GET /livez HTTP/9.9\r\n\r\n",
        "GET /livez HTTP/1.1\r\nno colon\r\n\r\n",
        "GET /livez HTTP/1.1\r\nx : y\r\n\r\n",
        "GET /li\u{7}vez HTTP/1.1\r\n\r\n",
        "POST /badges HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}",
        "POST /badges HTTP/1.1\r\ncontent-length: -1\r\n\r\n{}",
        "POST /badges HTTP/1.1\r\ntransfer-encoding: nonsense\r\n\r\n{}",
    ] {
        let answer = exchange(&server, format!("{good}{garbage}").as_bytes()).await;
        // First the request before it, in full.
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{garbage:?}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 2").count(), 1, "{garbage:?}: {answer}");
        let alone = exchange(&server, garbage.as_bytes()).await;
        assert!(alone.is_empty() || alone.starts_with("HTTP/1.1 400"), "{garbage:?}: {alone}");
    }
    serves(&server).await;
}

#[tokio::test]
async fn many_requests_at_once_are_answered_in_order() {
    let server = server(&[]).await;
    let request = "GET /livez HTTP/1.1\r\nhost: x\r\n\r\n".repeat(200);
    let last = "GET /nowhere HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let answer = exchange(&server, format!("{request}{last}").as_bytes()).await;
    assert_eq!(answer.matches("HTTP/1.1 200").count(), 200);
    assert!(answer.rfind("HTTP/1.1 404") > answer.rfind("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn clients_have_their_share_of_connections() {
    for (setting, reason) in [("MKT_MAX_CONNECTIONS_PER_CLIENT", "of a client"), ("MKT_MAX_CONNECTIONS", "all that")] {
        let server = server(&[(setting, "20")]).await;
        let mut open = Vec::new();
        for _ in 0..20 {
            open.push(connect(&server).await);
        }
        for _ in 0..200 {
            assert!(turns_away(&server).await);
        }
        let mut answer = [0; 12];
        open[19].write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        open[19].read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
        assert_eq!(server.log().matches("turned away").count(), 1, "{}", server.log());
        assert!(server.log().contains(reason), "{}", server.log());
        // Seats are free again when connections end.
        drop(open);
        let begun = Instant::now();
        while server.anonymous(Method::GET, "/livez").send().await.is_err() {
            assert!(begun.elapsed() < Duration::from_secs(2), "seats are not given back");
            sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test]
async fn websockets_keep_their_seats() {
    let server = server(&[("MKT_MAX_CONNECTIONS_PER_CLIENT", "3"), ("MKT_HEAD_TIMEOUT", "1")]).await;
    let mut sockets = Vec::new();
    for _ in 0..3 {
        let mut stream = connect(&server).await;
        let head = "GET /websocket HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
            sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 101");
        sockets.push(stream);
    }
    sleep(Duration::from_millis(1200)).await;
    assert!(turns_away(&server).await);
    drop(sockets.pop());
    let begun = Instant::now();
    while server.anonymous(Method::GET, "/livez").send().await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(4), "the seat is not given back");
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn those_who_stop_sending_or_listening_hold_nobody_up() {
    let server = server(&[("MKT_MAX_CONNECTIONS_PER_CLIENT", "10"), ("MKT_HEAD_TIMEOUT", "1")]).await;
    for sent in ["", "GET /livez HT", "POST /badges HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"] {
        for _ in 0..9 {
            let mut stream = connect(&server).await;
            stream.write_all(sent.as_bytes()).await.unwrap();
            // Half-closed: it still listens, and says nothing more.
            stream.shutdown().await.unwrap();
            let answer = until_the_end(&mut stream).await;
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{sent:?}: {answer}");
        }
    }
    let mut deaf = Vec::new();
    for _ in 0..4 {
        let mut stream = connect(&server).await;
        let request = "GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(10);
        stream.write_all(request.as_bytes()).await.unwrap();
        deaf.push(stream);
    }
    serves(&server).await;
}

#[tokio::test]
async fn a_server_out_of_files_waits_for_some() {
    let server = server(&[]).await;
    server.limit_files(40);
    let mut open = Vec::new();
    for _ in 0..60 {
        open.push(connect(&server).await);
    }
    server.logs("can't take connections in").await;
    sleep(Duration::from_millis(500)).await;
    assert_eq!(server.log().matches("can't take connections in").count(), 1, "{}", server.log());
    drop(open);
    serves(&server).await;
}
