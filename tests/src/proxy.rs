//! A TCP proxy that counts how often the client waited for the server, and can cut the connection.

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

/// When to cut: at this turn of the client, before or after the server has answered it.
#[derive(Clone, Copy, Debug)]
pub struct Cut {
    pub turn: u32,
    pub after: bool,
}

#[derive(Debug, Default)]
struct Counts {
    cut: Option<Cut>,
    has_cut: AtomicBool,
    turns: AtomicU32,
    to_client: AtomicU64,
    server_spoke_last: AtomicBool,
}

impl Proxy {
    /// A proxy before the server on this port of the loopback address.
    pub fn before(port: u16) -> Proxy {
        Proxy::new(port, None)
    }

    /// A proxy that cuts the connection.
    pub fn cutting(port: u16, cut: Cut) -> Proxy {
        Proxy::new(port, Some(cut))
    }

    fn new(port: u16, cut: Option<Cut>) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let counts = Arc::new(Counts { server_spoke_last: AtomicBool::new(true), cut, ..Counts::default() });
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

    /// Returns true once it has cut the connection.
    pub fn has_cut(&self) -> bool {
        self.counts.has_cut.load(Ordering::SeqCst)
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
            up.passes(false)
        });
    });
    thread::spawn(move || {
        copy(from_server, to_client, |bytes| {
            let passes = down.passes(true);
            down.server_spoke_last.store(true, Ordering::SeqCst);
            down.to_client.fetch_add(bytes, Ordering::SeqCst);
            passes
        });
    });
}

impl Counts {
    /// Returns true if the bytes go on to the other side; if not, the connection is cut.
    fn passes(&self, after: bool) -> bool {
        let cut = self.cut.filter(|cut| cut.after == after);
        let here = cut.is_some_and(|cut| self.turns.load(Ordering::SeqCst) >= cut.turn);
        if here {
            self.has_cut.store(true, Ordering::SeqCst);
        }
        !here
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream, passes: impl Fn(u64) -> bool) {
    let mut buffer = [0; 1 << 16];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if !passes(length as u64) {
            let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
            return;
        }
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
