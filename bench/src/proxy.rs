//! A TCP proxy that counts how often clients wait for the server, and can be as far away as one likes.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// A proxy before a server on this machine.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

/// The traffic since the last reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// How often the server answered a client that had spoken: what is never answered is no turn.
    pub turns: u64,
    /// Bytes from clients.
    pub up: u64,
    /// Bytes from the server.
    pub down: u64,
}

#[derive(Debug, Default)]
struct Shared {
    turns: AtomicU64,
    up: AtomicU64,
    down: AtomicU64,
    /// Directions of connections that are still forwarded.
    live: AtomicU64,
}

impl Proxy {
    /// A proxy whose server is `round_trip` away.
    pub fn before(port: u16, round_trip: Duration) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let shared = Arc::new(Shared::default());
        let proxy =
            Proxy { port: listener.local_addr().expect("an address").port(), shared: Arc::clone(&shared) };
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&shared);
                shared.live.fetch_add(2, Ordering::SeqCst);
                thread::spawn(move || {
                    // The client believes itself connected at once; a real handshake is a round trip.
                    thread::sleep(round_trip);
                    let server = TcpStream::connect(("127.0.0.1", port)).expect("the server answers");
                    forward(&client, &server, &shared, round_trip / 2);
                });
            }
        });
        proxy
    }

    /// Where clients connect to.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the traffic since the last call, once all connections have ended.
    pub fn take(&self) -> Counts {
        let begun = Instant::now();
        while self.shared.live.load(Ordering::SeqCst) > 0 {
            assert!(begun.elapsed() < Duration::from_secs(30), "a connection does not end");
            thread::sleep(Duration::from_millis(1));
        }
        let take = |count: &AtomicU64| count.swap(0, Ordering::SeqCst);
        Counts { turns: take(&self.shared.turns), up: take(&self.shared.up), down: take(&self.shared.down) }
    }
}

fn forward(client: &TcpStream, server: &TcpStream, shared: &Arc<Shared>, delay: Duration) {
    for stream in [client, server] {
        stream.set_nodelay(true).expect("a socket option");
    }
    let pair = || (client.try_clone().expect("a handle"), server.try_clone().expect("a handle"));
    let ((from_client, to_server), (to_client, from_server)) = (pair(), pair());
    let waits = Arc::new(AtomicBool::new(false));
    let (up, client_waits) = (Arc::clone(shared), Arc::clone(&waits));
    thread::spawn(move || {
        copy(from_client, to_server, delay, |bytes| {
            client_waits.store(true, Ordering::SeqCst);
            up.up.fetch_add(bytes, Ordering::SeqCst);
        });
        up.live.fetch_sub(1, Ordering::SeqCst);
    });
    let down = Arc::clone(shared);
    thread::spawn(move || {
        copy(from_server, to_client, delay, |bytes| {
            if waits.swap(false, Ordering::SeqCst) {
                down.turns.fetch_add(1, Ordering::SeqCst);
            }
            down.down.fetch_add(bytes, Ordering::SeqCst);
        });
        down.live.fetch_sub(1, Ordering::SeqCst);
    });
}

fn copy(mut from: TcpStream, to: TcpStream, delay: Duration, count: impl Fn(u64)) {
    let mut line = Line::to(to, delay);
    let mut buffer = [0; 1 << 16];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        count(length as u64);
        if !line.send(&buffer[..length]) {
            break;
        }
    }
    line.end();
}

/// A line of some length: what is sent arrives later, and more can be sent meanwhile.
enum Line {
    Short(TcpStream),
    Long(mpsc::Sender<(Instant, Vec<u8>)>, thread::JoinHandle<()>, Duration),
}

impl Line {
    fn to(mut to: TcpStream, delay: Duration) -> Line {
        if delay.is_zero() {
            return Line::Short(to);
        }
        let (sender, receiver) = mpsc::channel::<(Instant, Vec<u8>)>();
        let end = thread::spawn(move || {
            for (due, bytes) in receiver {
                thread::sleep(due.saturating_duration_since(Instant::now()));
                if to.write_all(&bytes).is_err() {
                    break;
                }
            }
            let _ = to.shutdown(Shutdown::Write);
        });
        Line::Long(sender, end, delay)
    }

    fn send(&mut self, bytes: &[u8]) -> bool {
        match self {
            Line::Short(to) => to.write_all(bytes).is_ok(),
            Line::Long(sender, _, delay) => sender.send((Instant::now() + *delay, bytes.to_vec())).is_ok(),
        }
    }

    fn end(self) {
        match self {
            Line::Short(to) => {
                let _ = to.shutdown(Shutdown::Write);
            }
            Line::Long(sender, end, _) => {
                drop(sender);
                let _ = end.join();
            }
        }
    }
}
