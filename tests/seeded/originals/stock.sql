CREATE TABLE items (
    id INTEGER PRIMARY KEY,
    name VARCHAR(80) NOT NULL,
    price NUMERIC(8, 2) NOT NULL
);

CREATE TABLE moves (
    item_id INTEGER NOT NULL REFERENCES items (id),
    pieces INTEGER NOT NULL,
    moved_on DATE NOT NULL
);

INSERT INTO items (id, name, price) VALUES (1, 'nail', 0.05);

SELECT
    items.name,
    SUM(moves.pieces) AS pieces
FROM items
INNER JOIN moves ON moves.item_id = items.id
WHERE items.price > 0.01
GROUP BY items.name
ORDER BY items.name;
