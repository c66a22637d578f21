import type { FileText } from './read-repository.js';

/** Nested blocks, chained calls, long conditions, remarks and attributes where blocks are marked by braces. */
export function bracedRepository(language: string): FileText[] {
  const write = BRACED[language]!;
  return Array.from({ length: 24 }, (_, i) => write(`Part${i}`, `count${i}`));
}

const BRACED: Readonly<Record<string, (type: string, name: string) => FileText>> = {
  go: (type, name) => ({
    path: `${type.toLowerCase()}.go`,
    text: `package shop

import "fmt"

// ${type} holds what is for sale.
type ${type} struct {
	items map[string]int
	limit int
}

func (p *${type}) Put(${name} string, amount int) error {
	if amount > p.limit {
		return fmt.Errorf("too many of %s",
			${name},
		)
	} else if amount < 0 {
		amount = p.limit
	}
	p.items[${name}] += amount
	// Tell all.
	for key, value := range p.items {
		switch {
		case value == 0:
			delete(p.items, key)
		default:
			p.log(key, value)
		}
	}
	return p.save(${name})
}
`,
  }),
  java: (type, name) => ({
    path: `shop/${type}.java`,
    text: `package shop;

import java.util.Map;

/** Holds what is for sale. */
public class ${type} implements Store {
  private final Map<String, Integer> items;
  private int limit;

  @Override
  public void put(String ${name}, int amount) {
    if (amount > limit) {
      throw new IllegalArgumentException(
          describe(${name}, amount));
    }
    else if (amount < 0) {
      amount = limit;
    }
    items.entrySet().stream()
        .filter(item -> item.getValue() > 0)
        .forEach(item -> {
          log(item, ${name});
        });
    items.merge(${name}, amount, Integer::sum);
    // Tell all.
    if (items.size() > limit
        || ${name}.isEmpty()) {
      log(items, "more than " + limit
          + " of " + ${name});
    }
  }
}
`,
  }),
  rust: (type, name) => ({
    path: `src/${type.toLowerCase()}.rs`,
    text: `use std::collections::HashMap;

/// Holds what is for sale.
pub struct ${type} {
    items: HashMap<String, usize>,
    limit: usize,
}

impl ${type} {
    #[inline]
    pub fn put(&mut self, ${name}: &str, amount: usize) -> Result<usize, Error> {
        if amount > self.limit {
            return Err(Error::TooMany {
                name: ${name}.to_owned(),
            });
        }
        let known = self
            .items
            .entry(${name}.to_owned())
            .or_insert(0);
        *known += amount;
        // Tell all.
        if amount > self.limit
            || ${name}.is_empty()
        {
            self.tell(${name});
        }
        match self.items.len() {
            0 => self.close(),
            size => {
                self.log(size, ${name});
            }
        }
        self.save(${name})
    }

    pub fn all<F>(&self, tell: F)
    where
        F: Fn(&str, usize),
    {
        self.items.iter().for_each(|(key, size)| tell(key, *size));
    }
}
`,
  }),
};
