#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ring {
    int *values;
    size_t size;
    size_t next;
};

int ring_open(struct ring *ring, size_t size)
{
    ring->values = calloc(size, sizeof(int));
    ring->size = size;
    ring->next = 0;
    return ring->values != NULL;
}

void ring_put(struct ring *ring, int value)
{
    ring->values[ring->next] = value;
    ring->next = (ring->next + 1) % ring->size;
}

void ring_show(const struct ring *ring)
{
    for (size_t at = 0; at < ring->size; at++) {
        printf("%d\n", ring->values[at]);
    }
}

void ring_close(struct ring *ring)
{
    free(ring->values);
    memset(ring, 0, sizeof(*ring));
}
