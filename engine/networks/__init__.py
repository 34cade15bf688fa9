"""Networks: a way out and published ports for one container (pasta), named networks for several, who holds a port."""
