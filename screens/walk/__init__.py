"""The walk through the steps, without a renderer: where we are, what is asked, what follows."""
