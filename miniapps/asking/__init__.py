"""What a program asks of the graph for its citizen: by documents that were looked at, and no field without a yes."""
