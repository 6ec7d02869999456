//! Going down: what is in flight is finished, and what would wait forever is not waited for.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{ADMIN_TOKEN, Database, Server, on_both};

on_both! {
    async fn a_request_in_flight_is_finished(database: Database) {
        let server = Server::start(&database).await;
        let body = r#"{"badge":{"name":"late","description":"Made while the server stopped."}}"#;
        let (half, rest) = body.split_at(20);
        let host = server.url("").replace("http://", "");
        let mut stream = TcpStream::connect(&host).await.unwrap();
        let head = format!(
            "POST /badges HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {ADMIN_TOKEN}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{half}",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        server.terminate();
        server.logs("stopping").await;
        assert!(TcpStream::connect(&host).await.is_err(), "a stopping server takes no new connections");
        stream.write_all(rest.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
        assert_eq!(server.ended().await, Some(0));
    }
}

#[tokio::test]
async fn a_request_that_never_ends_is_not_waited_for() {
    let server = Server::start(&Database::sqlite()).await;
    let host = server.url("").replace("http://", "");
    let mut stuck = TcpStream::connect(&host).await.unwrap();
    stuck.write_all(b"POST /badges HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{").await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    server.terminate();
    let begun = Instant::now();
    assert_eq!(server.ended().await, Some(0));
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_not_waited_for() {
    let database = Database::postgres();
    let server = Server::start(&database).await;
    let lock = "begin; lock table products; select pg_sleep(60)";
    let mut holder = std::process::Command::new("psql").args([&database.url, "-qc", lock]).spawn().unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let stuck = tokio::spawn(server.request(reqwest::Method::GET, "/products").send());
    tokio::time::sleep(Duration::from_millis(200)).await;
    server.terminate();
    let begun = Instant::now();
    assert_eq!(server.ended().await, Some(0));
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert!(stuck.await.unwrap().is_err());
}

#[tokio::test]
async fn watchers_do_not_hold_up_the_end() {
    let server = Server::start(&Database::sqlite()).await;
    let mut watch = server.spawn_mkt(&["watch", "--timeout", "30"]);
    tokio::time::sleep(Duration::from_millis(500)).await;
    server.terminate();
    let begun = Instant::now();
    assert_eq!(server.ended().await, Some(0));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    watch.kill().unwrap();
    watch.wait().unwrap();
}

#[tokio::test]
async fn connections_that_ask_for_nothing_do_not_hold_up_the_end() {
    let server = Server::start(&Database::sqlite()).await;
    let host = server.url("").replace("http://", "");
    let mut idle = Vec::new();
    for sent in ["", "GET /livez HTTP/1.1\r\nho", "GET /livez HTTP/1.1\r\nhost: x\r\n\r\n"] {
        let mut stream = TcpStream::connect(&host).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        idle.push(stream);
    }
    assert!(idle[2].read(&mut [0; 4096]).await.unwrap() > 0);
    server.terminate();
    let begun = Instant::now();
    assert_eq!(server.ended().await, Some(0));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}
