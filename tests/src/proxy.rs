//! A TCP proxy that counts how often the client waited for the server.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::thread;

/// Counts of the connections through it.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    turns: AtomicU32,
    to_client: AtomicU64,
    server_spoke_last: AtomicBool,
}

impl Proxy {
    /// A proxy before the server on this port of the loopback address.
    pub fn before(port: u16) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let counts = Arc::new(Counts { server_spoke_last: AtomicBool::new(true), ..Counts::default() });
        let proxy = Proxy { port: listener.local_addr().expect("an address").port(), counts: counts.clone() };
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = TcpStream::connect(("127.0.0.1", port)).expect("the server answers");
                forward(client, server, &counts);
            }
        });
        proxy
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// How often a client has spoken after the server had: each is a round trip.
    pub fn turns(&self) -> u32 {
        self.counts.turns.load(Ordering::SeqCst)
    }

    /// How many bytes the server has sent.
    pub fn bytes_to_client(&self) -> u64 {
        self.counts.to_client.load(Ordering::SeqCst)
    }
}

fn forward(client: TcpStream, server: TcpStream, counts: &Arc<Counts>) {
    for stream in [&client, &server] {
        stream.set_nodelay(true).expect("a socket option");
    }
    let pair = || (client.try_clone().expect("a handle"), server.try_clone().expect("a handle"));
    let ((from_client, to_server), (to_client, from_server)) = (pair(), pair());
    let up = counts.clone();
    let down = counts.clone();
    thread::spawn(move || {
        copy(from_client, to_server, |_| {
            if up.server_spoke_last.swap(false, Ordering::SeqCst) {
                up.turns.fetch_add(1, Ordering::SeqCst);
            }
        });
    });
    thread::spawn(move || {
        copy(from_server, to_client, |bytes| {
            down.server_spoke_last.store(true, Ordering::SeqCst);
            down.to_client.fetch_add(bytes, Ordering::SeqCst);
        });
    });
}

fn copy(mut from: TcpStream, mut to: TcpStream, count: impl Fn(u64)) {
    let mut buffer = [0; 1 << 16];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        count(length as u64);
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
