import java.util.ArrayList;
import java.util.List;

/** Things in the order in which they were put there. */
public class Shelf {
    private final List<String> names = new ArrayList<>();
    private final int room;

    public Shelf(int room) {
        this.room = room;
    }

    public boolean put(String name) {
        if (names.size() >= room) {
            return false;
        }
        return names.add(name);
    }

    public int count(String start) {
        int found = 0;
        for (String name : names) {
            if (name.startsWith(start)) {
                found += 1;
            }
        }
        return found;
    }

    public String label() {
        return "shelf of " + names.size();
    }
}
