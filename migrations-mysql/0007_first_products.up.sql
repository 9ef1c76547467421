INSERT INTO products (id, sku, title, price_cents, stock) VALUES
    (1, 'TEA-ASSAM-100', 'Assam, 100 g', 690, 40),
    (2, 'TEA-SENCHA-100', 'Sencha, 100 g', 890, 25),
    (3, 'POT-GLASS-1L', 'Glass pot; 1 l, with sieve', 2450, 12);
